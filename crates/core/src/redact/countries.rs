//! Checks of more countries' national ids.

use super::checks::{luhn, weighted};
use super::national::{ends, iso_11_10};

/// Croatia: the same check as Germany's.
pub(super) fn croatia(digits: &[u8]) -> bool {
    digits.len() == 11 && iso_11_10(digits)
}

/// Japan's number of a person.
pub(super) fn japan(digits: &[u8]) -> bool {
    digits.len() == 12 && {
        let rest = weighted(&digits[..11], &[6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11;
        ends(digits, if rest < 2 { 0 } else { 11 - rest })
    }
}

/// Greece: a date of birth, and the check digit of cards.
pub(super) fn greece(digits: &[u8]) -> bool {
    digits.len() == 11 && day_first(digits) && luhn(digits)
}

/// Estonia and Lithuania: a second row of weights where the first leaves ten.
pub(super) fn baltic(digits: &[u8]) -> bool {
    digits.len() == 11 && matches!(digits[0], 1..=8) && {
        let first = weighted(&digits[..10], &[1, 2, 3, 4, 5, 6, 7, 8, 9, 1]) % 11;
        let second = weighted(&digits[..10], &[3, 4, 5, 6, 7, 8, 9, 1, 2, 3]) % 11;
        ends(digits, if first < 10 { first } else { second % 10 })
    }
}

/// Latvia: those given out since 2017 begin with 32 and have no check digit.
pub(super) fn latvia(digits: &[u8]) -> bool {
    digits.len() == 11
        && (digits[..2] == [3, 2] || {
            let sum = weighted(&digits[..10], &[10, 5, 8, 4, 2, 1, 6, 3, 7, 9]);
            day_first(digits) && ends(digits, (1 + sum) % 11 % 10)
        })
}

/// Slovenia, Serbia and the others that keep Yugoslavia's number.
pub(super) fn jmbg(digits: &[u8]) -> bool {
    digits.len() == 13 && day_first(digits) && {
        let rest = weighted(&digits[..12], &[7, 6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11;
        rest != 1 && ends(digits, (11 - rest) % 11)
    }
}

/// Hungary's number of the insured.
pub(super) fn hungary(digits: &[u8]) -> bool {
    digits.len() == 9 && ends(digits, weighted(&digits[..8], &[3, 7, 3, 7, 3, 7, 3, 7]) % 10)
}

/// Iceland: the ninth digit is the check.
pub(super) fn iceland(digits: &[u8]) -> bool {
    digits.len() == 10 && day_first(digits) && {
        let rest = weighted(&digits[..8], &[3, 2, 7, 6, 5, 4, 3, 2]) % 11;
        u32::from(digits[8]) == (11 - rest) % 11
    }
}

/// New Zealand's tax number: eight or nine digits, a second row of weights where the first leaves ten.
pub(super) fn new_zealand(digits: &[u8]) -> bool {
    if !(8..=9).contains(&digits.len()) {
        return false;
    }
    let whole: Vec<u8> = std::iter::repeat_n(0, 9 - digits.len()).chain(digits.iter().copied()).collect();
    let check = |weights: &[u32]| (11 - weighted(&whole[..8], weights) % 11) % 11;
    let first = check(&[3, 2, 7, 6, 5, 4, 3, 2]);
    let sum = if first == 10 { check(&[7, 4, 3, 2, 5, 2, 7, 6]) } else { first };
    ends(&whole, sum)
}

/// Day and month at the beginning.
fn day_first(digits: &[u8]) -> bool {
    let pair = |at: usize| digits[at] * 10 + digits[at + 1];
    (1..=31).contains(&pair(0)) && (1..=12).contains(&pair(2))
}

/// Taiwan: a letter that stands for two digits, then nine digits with the check.
pub(super) fn taiwan(text: &[u8]) -> bool {
    const LETTERS: &[u8; 26] = b"ABCDEFGHJKLMNPQRSTUVXYWZIO";
    let Some(place) = text.first().and_then(|first| LETTERS.iter().position(|letter| letter == first)) else {
        return false;
    };
    if text.len() != 10 || !text[1..].iter().all(u8::is_ascii_digit) {
        return false;
    }
    let number = place + 10;
    let digits: Vec<u8> = [number / 10, number % 10]
        .into_iter()
        .filter_map(|digit| u8::try_from(digit).ok())
        .chain(text[1..].iter().map(|byte| byte - b'0'))
        .collect();
    weighted(&digits, &[1, 9, 8, 7, 6, 5, 4, 3, 2, 1, 1]).is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_examples_hold_and_their_neighbours_do_not() {
        let digits = |text: &str| text.bytes().map(|byte| byte - b'0').collect::<Vec<_>>();
        type Check = fn(&[u8]) -> bool;
        let checks: [(Check, &str); 9] = [
            (croatia, "69435151530"),
            (japan, "123456789018"),
            (greece, "01013099997"),
            (baltic, "37605030299"),
            (latvia, "16117519997"),
            (jmbg, "0101006500006"),
            (hungary, "111111110"),
            (iceland, "1201743399"),
            (new_zealand, "49091850"),
        ];
        for (check, good) in checks {
            assert!(check(&digits(good)), "{good}");
            let mut other = digits(good);
            let place = other.len() - 2;
            other[place] = (other[place] + 1) % 10;
            assert!(!check(&other), "{good}");
        }
        assert!(taiwan(b"A123456789") && !taiwan(b"A123456788"));
    }
}
