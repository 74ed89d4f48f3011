//! Encodes bodies as clients do: gzip, deflate, br and zstd.

use std::io::Write as _;

/// Encodes `bytes` for this `Content-Encoding`.
///
/// # Panics
/// For an encoding that it does not know, and for br with more than 64 KiB.
#[must_use]
pub fn encode(encoding: &str, bytes: &[u8]) -> Vec<u8> {
    const WRITES: &str = "memory can be written";
    match encoding {
        "gzip" => {
            let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            writer.write_all(bytes).expect(WRITES);
            writer.finish().expect(WRITES)
        }
        "deflate" => {
            let mut writer = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
            writer.write_all(bytes).expect(WRITES);
            writer.finish().expect(WRITES)
        }
        "zstd" => zstd::encode_all(bytes, 3).expect(WRITES),
        "br" => stored_brotli(bytes),
        _ => panic!("no encoder for {encoding}"),
    }
}

/// One stored meta-block (RFC 7932, section 9.2): it needs no encoder, and every decoder reads it.
fn stored_brotli(bytes: &[u8]) -> Vec<u8> {
    let length_less_one = u16::try_from(bytes.len() - 1).expect("at most 64 KiB in one block");
    // WBITS = 16 (one zero bit), ISLAST = 0, MNIBBLES = 4 (00), MLEN - 1 (16 bits), ISUNCOMPRESSED = 1.
    let bits = u32::from(length_less_one) << 4 | 1 << 20;
    let mut encoded = bits.to_le_bytes()[..3].to_vec();
    encoded.extend_from_slice(bytes);
    // ISLAST = 1, ISLASTEMPTY = 1.
    encoded.push(3);
    encoded
}
