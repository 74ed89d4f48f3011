//! `memcmp` and `bcmp` for the static build, on x86-64.
//!
//! The C library of that build (musl) compares byte by byte. Keys of maps, names in JSON, addresses and the texts of an index
//! are alike for dozens of bytes before they differ: that was a tenth of the processor time of an error that goes into
//! the relay's spool. This one compares 16 bytes at a time. Other builds keep their library's functions.
#![expect(unsafe_code, reason = "functions of C, in assembly")]

core::arch::global_asm!(
    ".section .text.monlight_memory_compare, \"ax\", @progbits",
    ".p2align 5",
    ".globl monlight_memcmp",
    ".hidden monlight_memcmp",
    ".type monlight_memcmp, @function",
    "monlight_memcmp:",
    "cmp rdx, 16",
    "jb 4f",
    "lea r8, [rdx - 16]",
    "xor ecx, ecx",
    "2:",
    "movups xmm0, [rdi + rcx]",
    "movups xmm1, [rsi + rcx]",
    "pcmpeqb xmm0, xmm1",
    "pmovmskb eax, xmm0",
    // A bit for each byte that differs.
    "xor eax, 0xffff",
    "jnz 3f",
    "add rcx, 16",
    "cmp rcx, r8",
    "jbe 2b",
    // The last bytes once more together with some before them.
    "cmp rcx, rdx",
    "mov rcx, r8",
    "jne 2b",
    "ret",
    "3:",
    "bsf eax, eax",
    "add rcx, rax",
    "movzx eax, byte ptr [rdi + rcx]",
    "movzx edx, byte ptr [rsi + rcx]",
    "sub eax, edx",
    "ret",
    // Fewer than 16 bytes: the first and the last half, which may overlap.
    "4:",
    "cmp edx, 8",
    "jb 6f",
    "mov rax, [rdi]",
    "mov rcx, [rsi]",
    "cmp rax, rcx",
    "jne 5f",
    "mov rax, [rdi + rdx - 8]",
    "mov rcx, [rsi + rdx - 8]",
    "cmp rax, rcx",
    "jne 5f",
    "xor eax, eax",
    "ret",
    // The first byte counts most.
    "5:",
    "bswap rax",
    "bswap rcx",
    "cmp rax, rcx",
    "sbb eax, eax",
    "or eax, 1",
    "ret",
    "6:",
    "cmp edx, 4",
    "jb 7f",
    "mov eax, [rdi]",
    "mov ecx, [rsi]",
    "cmp eax, ecx",
    "jne 5b",
    "mov eax, [rdi + rdx - 4]",
    "mov ecx, [rsi + rdx - 4]",
    "cmp eax, ecx",
    "jne 5b",
    "xor eax, eax",
    "ret",
    "7:",
    "xor eax, eax",
    "xor r8d, r8d",
    "8:",
    "cmp r8d, edx",
    "je 9f",
    "movzx eax, byte ptr [rdi + r8]",
    "movzx ecx, byte ptr [rsi + r8]",
    "inc r8d",
    "sub eax, ecx",
    "jz 8b",
    "9:",
    "ret",
    ".size monlight_memcmp, . - monlight_memcmp",
    ".text",
);

#[cfg(target_env = "musl")]
core::arch::global_asm!(
    ".globl memcmp",
    ".type memcmp, @function",
    ".set memcmp, monlight_memcmp",
    ".globl bcmp",
    ".type bcmp, @function",
    ".set bcmp, monlight_memcmp",
);

#[cfg(test)]
mod tests {
    use std::cmp::Ordering;

    use proptest::prelude::*;

    fn compare(left: &[u8], right: &[u8]) -> Ordering {
        unsafe extern "C" {
            fn monlight_memcmp(left: *const u8, right: *const u8, length: usize) -> i32;
        }
        assert_eq!(left.len(), right.len());
        // SAFETY: both areas have so many bytes.
        unsafe { monlight_memcmp(left.as_ptr(), right.as_ptr(), left.len()) }.cmp(&0)
    }

    /// Bytewise, as C defines it.
    fn expected(left: &[u8], right: &[u8]) -> Ordering {
        let differs = left.iter().zip(right).find(|(left, right)| left != right);
        differs.map_or(Ordering::Equal, |(left, right)| left.cmp(right))
    }

    #[test]
    fn every_single_difference_is_found_in_every_short_length() {
        for length in 0..=80 {
            let left: Vec<u8> = (0..length).map(|at| (at * 37 + 120) as u8).collect();
            assert_eq!(compare(&left, &left.clone()), Ordering::Equal, "{length}");
            for at in 0..length {
                for byte in [0, 1, 0x7f, 0x80, 0xff] {
                    let mut right = left.clone();
                    right[at] = byte;
                    // What comes after it decides nothing.
                    right[at + 1..].iter_mut().for_each(|byte| *byte = !*byte);

                    assert_eq!(
                        compare(&left, &right),
                        expected(&left, &right),
                        "{at} of {length}"
                    );
                    assert_eq!(
                        compare(&right, &left),
                        expected(&right, &left),
                        "{at} of {length}"
                    );
                }
            }
        }
    }

    proptest! {
        #[test]
        fn any_two_areas_are_told_apart_at_the_first_byte_that_differs(
            left in prop::collection::vec(0..3_u8, 0..300),
            changes in prop::collection::vec((0..300_usize, any::<u8>()), 0..3),
            skipped in 0..16_usize,
        ) {
            let mut right = left.clone();
            for (at, byte) in changes {
                if let Some(place) = right.get_mut(at) {
                    *place = byte;
                }
            }
            let from = skipped.min(left.len());
            prop_assert_eq!(compare(&left[from..], &right[from..]), expected(&left[from..], &right[from..]));
        }
    }
}
