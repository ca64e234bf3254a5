//! A delay that spreads schedules of the same time, and that every process computes alike.

use std::time::Duration;

/// The delay of the run of `name` that is due at `due` (seconds since 1970), at least zero and less than `spread`.
///
/// It depends on nothing else, so that two processes, and one before and after a restart, agree. Whole milliseconds.
pub(super) fn delay(name: &str, due: i64, spread: Duration) -> Duration {
    let bytes = name.bytes().chain(due.to_le_bytes());
    // FNV-1a: `std`'s hasher may differ from one version of the compiler to the next.
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    let spread = u64::try_from(spread.as_millis()).unwrap_or(u64::MAX);
    Duration::from_millis(finish(hash).checked_rem(spread).unwrap_or(0))
}

/// Mixes the bits (the end of SplitMix64): FNV leaves neighbouring times near each other.
fn finish(mut hash: u64) -> u64 {
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_run_waits_the_same_everywhere() {
        let spread = Duration::from_secs(60);
        // Fixed numbers: another version of Sentia on another machine must agree.
        let delays: Vec<_> = (0..3).map(|at| delay("acme/shop", at * 900, spread).as_millis()).collect();
        assert_eq!(delays, [36_763, 7_908, 6_878]);
        assert_eq!(delay("acme/shop", 900, Duration::ZERO), Duration::ZERO);
    }

    #[test]
    fn delays_fill_their_spread_evenly() {
        let spread = Duration::from_secs(10);
        let mut seconds = [0; 10];
        for at in 0..10_000 {
            seconds[usize::try_from(delay("acme/shop", at * 900, spread).as_secs()).expect("below ten")] += 1;
        }
        assert!(seconds.iter().all(|runs| (850..1_150).contains(runs)), "{seconds:?}");
    }
}
