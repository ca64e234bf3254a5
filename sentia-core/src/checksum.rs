//! XXH64, a fast 64-bit checksum with a published definition.
//!
//! It finds accidents, not forgers: for what must withstand those there is [`Digest`](crate::record::Digest). It is
//! written down at <https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md>, so that any program can recompute it.

const P1: u64 = 0x9E37_79B1_85EB_CA87;
const P2: u64 = 0xC2B2_AE3D_27D4_EB4F;
const P3: u64 = 0x1656_67B1_9E37_79F9;
const P4: u64 = 0x85EB_CA77_C2B2_AE63;
const P5: u64 = 0x27D4_EB2F_1656_67C5;

/// How many bytes are gathered before they are summed: a record's cells are small, and most records few.
const GATHERED: usize = 1024;

/// An XXH64 with the seed 0 over bytes that come in pieces, without an allocation.
pub(crate) struct Xxh64 {
    lanes: [u64; 4],
    length: u64,
    gathered: [u8; GATHERED],
    filled: usize,
}

impl Xxh64 {
    pub(crate) fn new() -> Self {
        let lanes = [P1.wrapping_add(P2), P2, 0, P1.wrapping_neg()];
        Xxh64 { lanes, length: 0, gathered: [0; GATHERED], filled: 0 }
    }

    /// Adds bytes.
    #[inline]
    pub(crate) fn add(&mut self, bytes: &[u8]) {
        match self.gathered[self.filled..].get_mut(..bytes.len()) {
            Some(place) => {
                place.copy_from_slice(bytes);
                self.filled += bytes.len();
            }
            None => self.add_long(bytes),
        }
    }

    #[cold]
    fn add_long(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let room = &mut self.gathered[self.filled..];
            let (piece, rest) = bytes.split_at(bytes.len().min(room.len()));
            room[..piece.len()].copy_from_slice(piece);
            self.filled += piece.len();
            bytes = rest;
            if self.filled == GATHERED {
                stripes(&mut self.lanes, &self.gathered);
                self.length += GATHERED as u64;
                self.filled = 0;
            }
        }
    }

    /// The checksum.
    pub(crate) fn finish(mut self) -> u64 {
        let rest = stripes(&mut self.lanes, &self.gathered[..self.filled]);
        let length = self.length + self.filled as u64;
        let sum = if length < 32 { P5 } else { converge(self.lanes) };
        avalanche(remainder(sum.wrapping_add(length), rest))
    }
}

fn round(lane: u64, word: u64) -> u64 {
    lane.wrapping_add(word.wrapping_mul(P2)).rotate_left(31).wrapping_mul(P1)
}

/// Runs the four lanes over all whole stripes of 32 bytes; gives back what is left.
fn stripes<'a>(lanes: &mut [u64; 4], bytes: &'a [u8]) -> &'a [u8] {
    let (stripes, rest) = bytes.as_chunks::<32>();
    for stripe in stripes {
        let (words, _) = stripe.as_chunks::<8>();
        for (lane, word) in lanes.iter_mut().zip(words) {
            *lane = round(*lane, u64::from_le_bytes(*word));
        }
    }
    rest
}

/// Joins the lanes.
fn converge(lanes: [u64; 4]) -> u64 {
    let [a, b, c, d] = lanes;
    let sum = a.rotate_left(1).wrapping_add(b.rotate_left(7));
    let sum = sum.wrapping_add(c.rotate_left(12)).wrapping_add(d.rotate_left(18));
    lanes.iter().fold(sum, |sum, lane| (sum ^ round(0, *lane)).wrapping_mul(P1).wrapping_add(P4))
}

/// Takes in the bytes behind the last whole stripe.
fn remainder(sum: u64, bytes: &[u8]) -> u64 {
    let (words, rest) = bytes.as_chunks::<8>();
    let sum = words.iter().fold(sum, |sum, word| {
        (sum ^ round(0, u64::from_le_bytes(*word))).rotate_left(27).wrapping_mul(P1).wrapping_add(P4)
    });
    let (halves, rest) = rest.as_chunks::<4>();
    let sum = halves.iter().fold(sum, |sum, half| {
        let half = u64::from(u32::from_le_bytes(*half));
        (sum ^ half.wrapping_mul(P1)).rotate_left(23).wrapping_mul(P2).wrapping_add(P3)
    });
    rest.iter()
        .fold(sum, |sum, byte| (sum ^ u64::from(*byte).wrapping_mul(P5)).rotate_left(11).wrapping_mul(P1))
}

fn avalanche(sum: u64) -> u64 {
    let sum = (sum ^ (sum >> 33)).wrapping_mul(P2);
    let sum = (sum ^ (sum >> 29)).wrapping_mul(P3);
    sum ^ (sum >> 32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn xxh64(bytes: &[u8], piece: usize) -> u64 {
        let mut sum = Xxh64::new();
        bytes.chunks(piece).for_each(|piece| sum.add(piece));
        sum.finish()
    }

    #[test]
    fn known_answers() {
        assert_eq!(xxh64(b"a", 1), 0xD24E_C4F1_A98C_6E5B);
        assert_eq!(xxh64(b"abc", 1), 0x44BC_2CF5_AD77_0999);
        // Made with the reference implementation, through python's `xxhash`: every kind of remainder.
        for (length, sum) in [
            (0, 0xEF46_DB37_51D8_E999),
            (1, 0x8A41_2781_1B21_E730),
            (7, 0x3408_4D91_A233_A751),
            (14, 0xFF34_EE32_A5C9_ECFE),
            (31, 0x6AB1_C40E_29F5_0073),
            (32, 0x5A07_56FB_E9EC_D3D1),
            (63, 0xDB64_0CD0_3B84_DCC4),
            (100, 0x1FC3_203C_A045_80F0),
            (1000, 0x40D0_33B7_3CBD_A587),
            (1023, 0x4EFA_8693_4935_497B),
            (1024, 0x5338_59AF_485B_4DF3),
            (5000, 0x5F0B_4CE7_72B8_5E10),
        ] {
            let bytes: Vec<u8> = (0..length).map(|at| ((at * 7 + 1) % 251) as u8).collect();
            for piece in [1, 7, 32, 1024, 5000] {
                assert_eq!(xxh64(&bytes, piece), sum, "{length} bytes in pieces of {piece}");
            }
        }
    }
}
