//! Partial trees: the root follows from chosen leaves and the hashes beside them, and from nothing else.

use std::convert::Infallible;

use clawbutler_ledger::merkle::{self, Frontier, Hash};
use proptest::prelude::*;

fn leaf(index: u64) -> Hash {
    merkle::leaf(&index.to_le_bytes())
}

fn root(size: u64) -> Hash {
    let mut tree = Frontier::default();
    (0..size).for_each(|index| tree.push(leaf(index), |_, _, _| ()));
    tree.root()
}

fn named(level: u32, index: u64) -> Result<Hash, Infallible> {
    if level == 0 {
        return Ok(leaf(index));
    }
    let below = |side| named(level - 1, index * 2 + side);
    Ok(merkle::node(&below(0)?, &below(1)?))
}

fn beside(chosen: &[u64], size: u64) -> Vec<Hash> {
    let mut hashes = Vec::new();
    let mut put = |hash: &Hash| {
        hashes.push(*hash);
        Ok::<_, Infallible>(())
    };
    merkle::partial(chosen, size, &mut named, &mut put).unwrap();
    hashes
}

fn again(size: u64, leaves: &[(u64, Hash)], hashes: &[Hash]) -> Option<Hash> {
    let (mut leaves, mut hashes) = (leaves.iter().copied(), hashes.iter().copied());
    merkle::partial_root::<Infallible>(size, || Ok(leaves.next()), || Ok(hashes.next())).unwrap()
}

proptest! {
    #[test]
    fn the_root_follows_from_the_chosen_leaves(size in 1_u64..200, picks in proptest::collection::btree_set(0_u64..200, 1..20)) {
        let chosen: Vec<u64> = picks.into_iter().filter(|index| *index < size).collect();
        let leaves: Vec<_> = chosen.iter().map(|index| (*index, leaf(*index))).collect();
        let hashes = beside(&chosen, size);
        prop_assert_eq!(again(size, &leaves, &hashes), Some(root(size)));
        prop_assert!(hashes.len() as u64 <= (chosen.len() as u64 + 1) * 8, "logarithmic for each");

        let mut more = hashes.clone();
        more.push([7; 32]);
        prop_assert_eq!(again(size, &leaves, &more), None);
        if let Some((_, less)) = hashes.split_last() {
            prop_assert_eq!(again(size, &leaves, less), None);
        }
        for at in 0..leaves.len() {
            let mut other = leaves.clone();
            other[at].1[0] ^= 1;
            prop_assert_ne!(again(size, &other, &hashes), Some(root(size)));
            let mut without = leaves.clone();
            without.remove(at);
            prop_assert_ne!(again(size, &without, &hashes), Some(root(size)));
        }
        if leaves.len() > 1 {
            let mut swapped = leaves.clone();
            swapped.swap(0, 1);
            prop_assert_ne!(again(size, &swapped, &hashes), Some(root(size)));
        }
    }
}
