//! `memcpy` and `memmove` for the static build, on x86-64.
//!
//! The C library of that build (musl) copies with string instructions, whose start alone takes some 60 cycles, and a
//! report or a log line is read, taken apart and written with hundreds of copies of a few dozen bytes each: that
//! was an eighth of the processor time. These move up to 64 bytes with two or four registers and leave string
//! instructions to whole pages. Other builds keep their library's functions.
#![expect(unsafe_code, reason = "functions of C, in assembly")]

/// From here on the processor's own way of copying is the faster one.
const STRING_INSTRUCTION_BYTES: usize = 1_024;

// Up to 64 bytes everything is read before anything is written, so areas may overlap in any way. Above, the way goes
// up when the target lies before the source or apart from it, and down otherwise; the 32 bytes at the far end are
// read first, because the loop may have overwritten them when it arrives there.
core::arch::global_asm!(
    ".section .text.monlight_memory_copy, \"ax\", @progbits",
    ".p2align 5",
    ".globl monlight_memmove",
    ".hidden monlight_memmove",
    ".type monlight_memmove, @function",
    "monlight_memmove:",
    "mov rax, rdi",
    "cmp rdx, 16",
    "jb 20f",
    "cmp rdx, 32",
    "ja 2f",
    "movups xmm0, [rsi]",
    "movups xmm1, [rsi + rdx - 16]",
    "movups [rdi], xmm0",
    "movups [rdi + rdx - 16], xmm1",
    "ret",
    "2:",
    "movups xmm2, [rsi + rdx - 32]",
    "movups xmm3, [rsi + rdx - 16]",
    "movups xmm0, [rsi]",
    "movups xmm1, [rsi + 16]",
    "cmp rdx, 64",
    "ja 3f",
    "movups [rdi], xmm0",
    "movups [rdi + 16], xmm1",
    "movups [rdi + rdx - 32], xmm2",
    "movups [rdi + rdx - 16], xmm3",
    "ret",
    // More than 64 bytes: up, unless the target begins within the source.
    "3:",
    "mov rcx, rdi",
    "sub rcx, rsi",
    "cmp rcx, rdx",
    "jb 6f",
    "cmp rdx, {string_instruction_bytes}",
    "jb 8f",
    // Areas that overlap closely make the string instruction go byte by byte.
    "neg rcx",
    "cmp rcx, 64",
    "jae 5f",
    "8:",
    "lea r8, [rdi + rdx - 32]",
    "4:",
    "movups xmm0, [rsi]",
    "movups xmm1, [rsi + 16]",
    "movups [rdi], xmm0",
    "movups [rdi + 16], xmm1",
    "add rsi, 32",
    "add rdi, 32",
    "cmp rdi, r8",
    "jb 4b",
    "movups [r8], xmm2",
    "movups [r8 + 16], xmm3",
    "ret",
    "5:",
    "mov rcx, rdx",
    "rep movsb",
    "ret",
    // Down, with the first 32 bytes kept in xmm0 and xmm1 to the end.
    "6:",
    "add rsi, rdx",
    "lea r8, [rdi + rdx]",
    "lea r9, [rdi + 32]",
    "7:",
    "movups xmm2, [rsi - 32]",
    "movups xmm3, [rsi - 16]",
    "movups [r8 - 32], xmm2",
    "movups [r8 - 16], xmm3",
    "sub rsi, 32",
    "sub r8, 32",
    "cmp r8, r9",
    "ja 7b",
    "movups [rdi], xmm0",
    "movups [rdi + 16], xmm1",
    "ret",
    // Fewer than 16 bytes: the first and the last half, which may overlap.
    "20:",
    "cmp edx, 8",
    "jb 21f",
    "mov rcx, [rsi]",
    "mov r8, [rsi + rdx - 8]",
    "mov [rdi], rcx",
    "mov [rdi + rdx - 8], r8",
    "ret",
    "21:",
    "cmp edx, 4",
    "jb 22f",
    "mov ecx, [rsi]",
    "mov r8d, [rsi + rdx - 4]",
    "mov [rdi], ecx",
    "mov [rdi + rdx - 4], r8d",
    "ret",
    "22:",
    "test edx, edx",
    "jz 23f",
    "movzx ecx, byte ptr [rsi]",
    "cmp edx, 1",
    "je 24f",
    "movzx r8d, word ptr [rsi + rdx - 2]",
    "mov [rdi + rdx - 2], r8w",
    "24:",
    "mov [rdi], cl",
    "23:",
    "ret",
    ".size monlight_memmove, . - monlight_memmove",
    ".text",
    string_instruction_bytes = const STRING_INSTRUCTION_BYTES,
);

#[cfg(target_env = "musl")]
core::arch::global_asm!(
    ".globl memcpy",
    ".type memcpy, @function",
    ".set memcpy, monlight_memmove",
    ".globl memmove",
    ".type memmove, @function",
    ".set memmove, monlight_memmove",
);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::STRING_INSTRUCTION_BYTES;

    /// Copies `length` bytes within `area`, as `memmove` would.
    fn copy_within(area: &mut [u8], from: usize, to: usize, length: usize) {
        unsafe extern "C" {
            fn monlight_memmove(to: *mut u8, from: *const u8, length: usize) -> *mut u8;
        }
        assert!(from + length <= area.len() && to + length <= area.len());
        let start = area.as_mut_ptr();
        // SAFETY: both ranges lie in the area.
        let returned = unsafe { monlight_memmove(start.add(to), start.add(from), length) };
        assert_eq!(returned, start.wrapping_add(to), "the target is returned");
    }

    fn check(length: usize, from: usize, to: usize) {
        let size = from.max(to) + length + 16;
        let mut expected: Vec<u8> = (0..size).map(|i| (i * 31 + i / 251) as u8).collect();
        let mut area = expected.clone();

        copy_within(&mut area, from, to, length);
        expected.copy_within(from..from + length, to);

        assert!(area == expected, "{length} bytes from {from} to {to}");
    }

    #[test]
    fn every_short_length_is_copied_exactly_at_every_distance() {
        for length in 0..=160 {
            for to in 0..=length + 8 {
                check(length, 40, to);
            }
        }
    }

    proptest! {
        #[test]
        fn any_two_areas_are_copied_exactly(
            length in 0..4 * STRING_INSTRUCTION_BYTES,
            from in 0..2 * STRING_INSTRUCTION_BYTES,
            to in 0..2 * STRING_INSTRUCTION_BYTES,
        ) {
            check(length, from, to);
        }
    }
}
