//! The names that are locked.

use std::hash::{Hash, Hasher};

/// A key of 16 bytes, all of them letters and digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Key(pub [u8; 16]);

impl Hash for Key {
    /// As two words, the cheapest there is, for the peers' sake.
    fn hash<H: Hasher>(&self, state: &mut H) {
        let (low, high) = self.words();
        state.write_u64(low);
        state.write_u64(high);
    }
}

impl Key {
    /// The key as text.
    #[inline]
    #[must_use]
    pub fn text(&self) -> &str {
        debug_assert!(self.0.is_ascii());
        // SAFETY: `keys` makes them of hexadecimal digits.
        unsafe { std::str::from_utf8_unchecked(&self.0) }
    }

    fn words(&self) -> (u64, u64) {
        let whole = u128::from_le_bytes(self.0);
        (whole as u64, (whole >> 64) as u64)
    }
}

/// A small generator, so that every run uses the same names in the same order.
pub struct Random(u64);

impl Random {
    /// Different seeds give different sequences.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number (splitmix64).
    #[expect(clippy::should_implement_trait)]
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`.
    pub fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    /// Puts the items into another order.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            items.swap(i, self.below(i + 1));
        }
    }
}

/// `count` different keys. `set` tells the sets of one workload apart.
#[must_use]
pub fn keys(set: u64, count: usize) -> Vec<Key> {
    let mut random = Random::new(set << 40);
    (0..count)
        // Random digits, and the index so that no two are the same.
        .map(|i| {
            Key(format!("{:010x}{i:06x}", random.next() >> 24)
                .into_bytes()
                .try_into()
                .unwrap())
        })
        .collect()
}

/// A path of three segments of 16 bytes each.
#[derive(Clone, Debug)]
pub struct Deep {
    /// The whole path.
    pub text: String,
    /// 16 bytes for each prefix, shortest first, in one piece: what a program would
    /// hand to a lock table without paths.
    pub ids: String,
}

impl Deep {
    /// The path of these three segments.
    #[must_use]
    pub fn new(segments: [&Key; 3]) -> Self {
        let [a, b, c] = segments.map(Key::text);
        let text = format!("{a}/{b}/{c}");
        let id = |prefix: &str| {
            // The 64-bit FNV-1a, in hexadecimal.
            let hash = prefix
                .bytes()
                .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
                    (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
                });
            format!("{hash:016x}")
        };
        Self {
            ids: id(a) + &id(&text[..33]) + &id(&text),
            text,
        }
    }
}

/// 1,000 paths of three segments: ten names on each level, in random order.
#[must_use]
pub fn deep(set: u64) -> Vec<Deep> {
    let names = keys(set, 30);
    let mut paths: Vec<_> = (0..1000)
        .map(|i| {
            Deep::new([
                &names[i / 100],
                &names[10 + i / 10 % 10],
                &names[20 + i % 10],
            ])
        })
        .collect();
    Random::new(set).shuffle(&mut paths);
    paths
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn keys_are_different_text() {
        let keys = keys(1, 5000);
        assert!(keys.iter().all(|key| key.0.is_ascii()));
        assert_eq!(
            keys.iter().map(|key| key.0).collect::<HashSet<_>>().len(),
            5000
        );
    }

    #[test]
    fn paths_are_different_and_have_three_names() {
        let paths = deep(1);
        assert_eq!(
            paths
                .iter()
                .map(|path| &path.text)
                .collect::<HashSet<_>>()
                .len(),
            1000
        );
        assert_eq!(
            paths
                .iter()
                .map(|path| &path.ids)
                .collect::<HashSet<_>>()
                .len(),
            1000
        );
        assert_eq!(
            paths
                .iter()
                .map(|path| &path.ids[..16])
                .collect::<HashSet<_>>()
                .len(),
            10
        );
        for path in paths {
            assert_eq!(
                path.text.split('/').map(str::len).collect::<Vec<_>>(),
                [16, 16, 16]
            );
            assert_eq!(path.ids.len(), 48);
        }
    }
}
