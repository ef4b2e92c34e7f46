//! A Merkle tree over the entries (RFC 6962, RFC 9162): root, inclusion and consistency proofs.
//!
//! A leaf is `SHA-256(0x00 ‖ bytes)`, a node `SHA-256(0x01 ‖ left ‖ right)`. Nodes are named by level (leaves are
//! level 0) and index; only nodes over whole powers of two have a name, and they never change once complete.

use sha2::{Digest as _, Sha256};

/// A SHA-256 digest.
pub type Hash = [u8; 32];

/// Most hashes of one proof: two for each level of a tree of 2^64 leaves.
pub const PROOF_HASHES: usize = 128;

/// Hash of a leaf.
pub fn leaf(bytes: &[u8]) -> Hash {
    Sha256::new().chain_update([0]).chain_update(bytes).finalize().into()
}

/// Hash of two subtrees.
pub fn node(left: &Hash, right: &Hash) -> Hash {
    let mut bytes = [1; 65];
    bytes[1..33].copy_from_slice(left);
    bytes[33..].copy_from_slice(right);
    Sha256::digest(bytes).into()
}

/// The right edge of a growing tree: what is needed to add a leaf and to tell the root.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    /// Roots of the complete subtrees, largest first: one for each bit set in `size`.
    peaks: Vec<Hash>,
}

impl Frontier {
    /// The edge of a tree of `size` leaves from its complete subtrees, as [`peaks_of`] names them; `None` when
    /// there are more or fewer of them.
    pub fn of(size: u64, peaks: Vec<Hash>) -> Option<Self> {
        (peaks.len() == size.count_ones() as usize).then_some(Self { size, peaks })
    }

    /// Leaves so far.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Adds a leaf; `complete` is told of every node it completes, by level (1 and up), index and hash.
    pub fn push(&mut self, leaf: Hash, mut complete: impl FnMut(u32, u64, &Hash)) {
        let mut hash = leaf;
        for level in 1..=self.size.trailing_ones() {
            if let Some(left) = self.peaks.pop() {
                hash = node(&left, &hash);
            }
            complete(level, self.size >> level, &hash);
        }
        self.peaks.push(hash);
        self.size += 1;
    }

    /// Adds a complete subtree of `2^level` leaves. `false`, and nothing is added, unless the tree so far ends at a
    /// multiple of that. `complete` is told of the nodes above it.
    pub fn push_subtree(&mut self, level: u32, root: Hash, mut complete: impl FnMut(u32, u64, &Hash)) -> bool {
        if self.size.trailing_zeros() < level {
            return false;
        }
        let mut hash = root;
        for above in 1..=(self.size >> level).trailing_ones() {
            if let Some(left) = self.peaks.pop() {
                hash = node(&left, &hash);
            }
            complete(level + above, self.size >> (level + above), &hash);
        }
        self.peaks.push(hash);
        self.size += 1 << level;
        true
    }

    /// Root of the tree; that of no leaves is the hash of nothing.
    pub fn root(&self) -> Hash {
        let mut peaks = self.peaks.iter().rev();
        let Some(&last) = peaks.next() else { return Sha256::digest([]).into() };
        peaks.fold(last, |right, left| node(left, &right))
    }
}

/// Level and index of the complete subtrees of a tree of `size` leaves, largest first.
pub fn peaks_of(size: u64) -> Vec<(u32, u64)> {
    (0..64).rev().filter(|level| size >> level & 1 == 1).map(|level| (level, (size >> level) - 1)).collect()
}

/// Root of the first `size` leaves, from named nodes.
pub fn root_of<E>(size: u64, get: &mut impl FnMut(u32, u64) -> Result<Hash, E>) -> Result<Hash, E> {
    if size == 0 { Ok(Frontier::default().root()) } else { range(0, size, get) }
}

/// Proof that leaf `index` is in the tree of `size` leaves (RFC 9162, 2.1.3.1). Empty unless `index < size`.
pub fn inclusion<E>(index: u64, size: u64, get: &mut impl FnMut(u32, u64) -> Result<Hash, E>) -> Result<Vec<Hash>, E> {
    let mut proof = Vec::new();
    let (mut low, mut high) = (0, size);
    while index < size && high - low > 1 {
        let middle = low + split(high - low);
        if index < middle {
            proof.push(range(middle, high, get)?);
            high = middle;
        } else {
            proof.push(range(low, middle, get)?);
            low = middle;
        }
    }
    proof.reverse();
    Ok(proof)
}

/// Proof that the tree of `old` leaves is the beginning of that of `size` (RFC 9162, 2.1.4.1). Empty unless
/// `0 < old < size`.
pub fn consistency<E>(old: u64, size: u64, get: &mut impl FnMut(u32, u64) -> Result<Hash, E>) -> Result<Vec<Hash>, E> {
    let mut proof = Vec::new();
    if old == 0 || old >= size {
        return Ok(proof);
    }
    let (mut low, mut high, mut whole) = (0, size, true);
    while old != high {
        let middle = low + split(high - low);
        if old <= middle {
            proof.push(range(middle, high, get)?);
            high = middle;
        } else {
            proof.push(range(low, middle, get)?);
            low = middle;
            whole = false;
        }
    }
    if !whole {
        proof.push(range(low, high, get)?);
    }
    proof.reverse();
    Ok(proof)
}

/// Whether `proof` shows that `leaf` is number `index` in the tree of `size` leaves with this root.
pub fn holds_inclusion(leaf: &Hash, index: u64, size: u64, proof: &[Hash], root: &Hash) -> bool {
    if index >= size {
        return false;
    }
    let (mut first, mut last, mut hash) = (index, size - 1, *leaf);
    for step in proof {
        if last == 0 {
            return false;
        }
        if first & 1 == 1 || first == last {
            hash = node(step, &hash);
            while first & 1 == 0 && first != 0 {
                first >>= 1;
                last >>= 1;
            }
        } else {
            hash = node(&hash, step);
        }
        first >>= 1;
        last >>= 1;
    }
    last == 0 && hash == *root
}

/// Whether `proof` shows that the tree of `old` leaves with `old_root` is the beginning of the other.
pub fn holds_consistency(old: u64, size: u64, old_root: &Hash, root: &Hash, proof: &[Hash]) -> bool {
    if old == size {
        return proof.is_empty() && old_root == root;
    }
    if old == 0 || old > size {
        return false;
    }
    let mut steps = proof.iter();
    let (mut first, mut last) = (old - 1, size - 1);
    while first & 1 == 1 {
        first >>= 1;
        last >>= 1;
    }
    let start = if old.is_power_of_two() { Some(old_root) } else { steps.next() };
    let Some(&start) = start else { return false };
    let (mut left, mut right) = (start, start);
    for step in steps {
        if last == 0 {
            return false;
        }
        if first & 1 == 1 || first == last {
            left = node(step, &left);
            right = node(step, &right);
            while first & 1 == 0 && first != 0 {
                first >>= 1;
                last >>= 1;
            }
        } else {
            right = node(&right, step);
        }
        first >>= 1;
        last >>= 1;
    }
    last == 0 && left == *old_root && right == *root
}

/// Largest power of two below `length`, which is at least 2.
fn split(length: u64) -> u64 {
    1 << (length - 1).ilog2()
}

fn range<E>(low: u64, high: u64, get: &mut impl FnMut(u32, u64) -> Result<Hash, E>) -> Result<Hash, E> {
    let length = high - low;
    if length.is_power_of_two() {
        let level = length.ilog2();
        return get(level, low >> level);
    }
    let middle = low + split(length);
    Ok(node(&range(low, middle, get)?, &range(middle, high, get)?))
}

/// Hashes from which the root follows together with the chosen leaves (by index, ascending, each once): those of the
/// largest subtrees without a chosen leaf, from left to right, as [`partial_root`] takes them.
pub fn partial<E>(
    chosen: &[u64],
    size: u64,
    get: &mut impl FnMut(u32, u64) -> Result<Hash, E>,
    put: &mut impl FnMut(&Hash) -> Result<(), E>,
) -> Result<(), E> {
    if size == 0 { Ok(()) } else { partial_in(chosen, 0, size, get, put) }
}

fn partial_in<E>(
    chosen: &[u64],
    low: u64,
    high: u64,
    get: &mut impl FnMut(u32, u64) -> Result<Hash, E>,
    put: &mut impl FnMut(&Hash) -> Result<(), E>,
) -> Result<(), E> {
    if chosen.is_empty() {
        return put(&range(low, high, get)?);
    }
    if high - low == 1 {
        return Ok(());
    }
    let middle = low + split(high - low);
    let (left, right) = chosen.split_at(chosen.partition_point(|index| *index < middle));
    partial_in(left, low, middle, get, put)?;
    partial_in(right, middle, high, get, put)
}

/// Root of the tree of `size` leaves from some leaves (index and hash, ascending) and the hashes of [`partial`].
/// `None` unless exactly these make a tree.
pub fn partial_root<E>(
    size: u64,
    mut leaves: impl FnMut() -> Result<Option<(u64, Hash)>, E>,
    mut hashes: impl FnMut() -> Result<Option<Hash>, E>,
) -> Result<Option<Hash>, E> {
    if size == 0 {
        return Ok(None);
    }
    let mut next = leaves()?;
    let Some(root) = partial_root_in(0, size, &mut next, &mut leaves, &mut hashes)? else { return Ok(None) };
    let over = next.is_some() || hashes()?.is_some();
    Ok((!over).then_some(root))
}

fn partial_root_in<E>(
    low: u64,
    high: u64,
    next: &mut Option<(u64, Hash)>,
    leaves: &mut impl FnMut() -> Result<Option<(u64, Hash)>, E>,
    hashes: &mut impl FnMut() -> Result<Option<Hash>, E>,
) -> Result<Option<Hash>, E> {
    match *next {
        Some((index, _)) if index < low => Ok(None),
        Some((_, leaf)) if high - low == 1 && next.is_some_and(|(index, _)| index == low) => {
            *next = leaves()?;
            Ok(Some(leaf))
        }
        Some((index, _)) if index < high => {
            let middle = low + split(high - low);
            let Some(left) = partial_root_in(low, middle, next, leaves, hashes)? else { return Ok(None) };
            let right = partial_root_in(middle, high, next, leaves, hashes)?;
            Ok(right.map(|right| node(&left, &right)))
        }
        Some(_) | None => hashes(),
    }
}
