//! Makes lengths, versions and checksums of a segment right, as its writer would: so that what stands behind them is met.

use suyuan::log::VERSION;

/// The numbers of a head that checksums and lengths follow from.
fn number(bytes: &[u8], at: usize) -> Option<usize> {
    let bytes = bytes.get(at..at + 4)?;
    usize::try_from(u32::from_le_bytes(bytes.try_into().unwrap())).ok()
}

fn put(bytes: &mut [u8], at: usize, value: &[u8]) {
    bytes[at..at + value.len()].copy_from_slice(value);
}

fn sign(bytes: &mut [u8], sign: &[u8]) {
    put(bytes, 0, sign);
    put(bytes, sign.len(), &VERSION.to_le_bytes());
    put(bytes, sign.len() + 2, &(!VERSION).to_le_bytes());
}

/// A segment whose head and blocks are what they say, as far as what they are of is there.
pub(crate) fn segment(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    if let Some(end) = head(&mut bytes) {
        let mut at = end;
        while let Some(length) = block(&mut bytes[at..]) {
            at += length;
        }
    }
    bytes
}

fn head(bytes: &mut [u8]) -> Option<usize> {
    let (partitions, progress, standing) = (number(bytes, 48)?, number(bytes, 52)?, number(bytes, 56)?);
    let covered = 60_usize.checked_add(partitions.checked_mul(12)?)?.checked_add(progress)?.checked_add(standing)?;
    if covered + 4 > bytes.len() {
        return None;
    }
    sign(bytes, b"SUYUANJL");
    put(bytes, 12, &u32::try_from(covered + 4).ok()?.to_le_bytes());
    let checksum = crc32c::crc32c(&bytes[..covered]);
    put(bytes, covered, &checksum.to_le_bytes());
    Some(covered + 4)
}

fn block(bytes: &mut [u8]) -> Option<usize> {
    let (frames, sections) = (number(bytes, 40)?, number(bytes, 44)?);
    let mut length = number(bytes, 48)?.checked_add(number(bytes, 52)?)?;
    let table = frames.checked_mul(28)?.checked_add(sections.checked_mul(8)?)?;
    let head = 56_usize.checked_add(table)?;
    if head > bytes.len() {
        return None;
    }
    length = length.checked_add(head)?;
    let frame = |nth: usize| 56 + 28 * nth;
    for nth in 0..frames {
        length = length.checked_add(number(bytes, frame(nth) + 20)?)?;
    }
    for nth in 0..sections {
        length = length.checked_add(number(bytes, frame(frames) + 8 * nth + 4)?)?;
    }
    if length > bytes.len() {
        return None;
    }
    let mut at = head + number(bytes, 48)? + number(bytes, 52)?;
    for nth in 0..frames {
        let packed = number(bytes, frame(nth) + 20)?;
        let checksum = crc32c::crc32c(&bytes[at..at + packed]);
        put(bytes, frame(nth) + 24, &checksum.to_le_bytes());
        at += packed;
    }
    sign(bytes, b"TURN");
    put(bytes, 8, &(length as u64).to_le_bytes());
    let of_head = crc32c::crc32c_append(crc32c::crc32c(&bytes[..16]), &bytes[24..head]);
    put(bytes, 20, &of_head.to_le_bytes());
    let of_block = crc32c::crc32c_append(crc32c::crc32c(&bytes[..16]), &bytes[20..length]);
    put(bytes, 16, &of_block.to_le_bytes());
    Some(length)
}
