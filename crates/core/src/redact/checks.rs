//! Checksums and measures that tell a value from a look-alike.

/// Luhn's check over digits, as payment cards carry it (ISO/IEC 7812-1).
pub(super) fn luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| {
            let digit = u32::from(*digit);
            if place % 2 == 0 {
                digit
            } else if digit > 4 {
                digit * 2 - 9
            } else {
                digit * 2
            }
        })
        .sum();
    sum.is_multiple_of(10)
}

/// The check of an IBAN (ISO 13616, ISO 7064 MOD 97-10) over its letters and digits.
pub(super) fn iban(text: &[u8]) -> bool {
    let (Some(head), Some(tail)) = (text.get(..4), text.get(4..)) else { return false };
    let mut rest = 0_u32;
    for byte in tail.iter().chain(head) {
        let value = match byte {
            b'0'..=b'9' => u32::from(byte - b'0'),
            b'A'..=b'Z' => u32::from(byte - b'A') + 10,
            _ => return false,
        };
        rest = if value > 9 { (rest * 100 + value) % 97 } else { (rest * 10 + value) % 97 };
    }
    rest == 1
}

/// Length of a country's IBAN; `None` for a country without one.
pub(super) fn iban_length(country: &[u8]) -> Option<usize> {
    /// Country and length, two characters each.
    const LENGTHS: &str = "\
        AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DK18 DO28 EE20 EG29 \
        ES24 FI18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 \
        LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MR27 MT31 MU30 NL18 NO15 PK24 PL28 PS29 PT25 \
        QA29 RO24 RS22 SA24 SC31 SE24 SI19 SK24 SM27 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20";
    let entry = LENGTHS.split(' ').find(|entry| entry.as_bytes().starts_with(country))?;
    entry.get(2..)?.parse().ok()
}

/// Sum of digits times weights.
pub(super) fn weighted(digits: &[u8], weights: &[u32]) -> u32 {
    digits.iter().zip(weights).map(|(digit, weight)| u32::from(*digit) * weight).sum()
}

/// Verhoeff's check (India's Aadhaar).
pub(super) fn verhoeff(digits: &[u8]) -> bool {
    const TURN: [[usize; 10]; 8] = [
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
        [1, 5, 7, 6, 2, 8, 3, 0, 9, 4],
        [5, 8, 0, 3, 7, 9, 6, 1, 4, 2],
        [8, 9, 1, 6, 0, 4, 3, 5, 2, 7],
        [9, 4, 5, 3, 1, 2, 6, 8, 7, 0],
        [4, 2, 8, 6, 5, 7, 3, 9, 0, 1],
        [2, 7, 9, 3, 8, 0, 6, 4, 1, 5],
        [7, 0, 4, 6, 9, 1, 3, 2, 5, 8],
    ];
    // The dihedral group of the pentagon.
    let join = |a: usize, b: usize| match (a < 5, b < 5) {
        (true, true) => (a + b) % 5,
        (true, false) => 5 + (a + b - 5) % 5,
        (false, true) => 5 + (a - 5 + 5 - b) % 5,
        (false, false) => (a + 5 - b) % 5,
    };
    let mut state = 0;
    for (place, digit) in digits.iter().rev().enumerate() {
        state = join(state, TURN[place % 8][usize::from(*digit)]);
    }
    state == 0
}

/// Brazil's CPF: two check digits.
pub(super) fn cpf(digits: &[u8]) -> bool {
    let check = |upto: usize| {
        let weights: Vec<u32> = (2..=u32::try_from(upto).unwrap_or(0) + 1).rev().collect();
        let rest = weighted(&digits[..upto], &weights) * 10 % 11 % 10;
        u32::from(digits[upto]) == rest
    };
    digits.len() == 11 && digits.iter().any(|digit| *digit != digits[0]) && check(9) && check(10)
}

/// Spain's DNI and NIE: the letter follows from the number.
pub(super) fn dni(text: &[u8]) -> bool {
    if text.len() != 9 {
        return false;
    }
    let head = match text[0] {
        b'X' => 0,
        b'Y' => 1,
        b'Z' => 2,
        digit @ b'0'..=b'9' => usize::from(digit - b'0'),
        _ => return false,
    };
    if !text[1..8].iter().all(u8::is_ascii_digit) {
        return false;
    }
    let number = text[1..8].iter().fold(head, |sum, digit| sum * 10 + usize::from(digit - b'0'));
    b"TRWAGMYFPDXBNJZSQVHLCKE"[number % 23] == text[8]
}

/// Italy's codice fiscale: the last letter is a check over the first fifteen.
pub(super) fn codice_fiscale(text: &[u8]) -> bool {
    const ODD: [u32; 26] =
        [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];
    if text.len() != 16 {
        return false;
    }
    let shape = b"AAAAAANNANNANNNA";
    let mut sum = 0;
    for (place, byte) in text.iter().enumerate() {
        let fits = match shape[place] {
            b'A' => byte.is_ascii_uppercase(),
            _ => byte.is_ascii_digit() || b"LMNPQRSTUV".contains(byte),
        };
        if !fits {
            return false;
        }
        if place == 15 {
            return u32::from(byte - b'A') == sum % 26;
        }
        let value = if byte.is_ascii_digit() { byte - b'0' } else { byte - b'A' };
        sum += if place % 2 == 0 { ODD[usize::from(value)] } else { u32::from(value) };
    }
    false
}

/// Finland's personal identity code: `DDMMYYCZZZQ`.
pub(super) fn hetu(text: &[u8]) -> bool {
    let digits = |range: std::ops::Range<usize>| text.get(range).filter(|part| part.iter().all(u8::is_ascii_digit));
    let (Some(date), Some(serial)) = (digits(0..6), digits(7..10)) else { return false };
    let number = date.iter().chain(serial).fold(0_usize, |sum, digit| sum * 10 + usize::from(digit - b'0'));
    text.len() == 11
        && b"+-ABCDEFUVWXY".contains(&text[6])
        && b"0123456789ABCDEFHJKLMNPRSTUVWXY"[number % 31] == text[10]
}

/// Bits of information in a character, by how often each occurs.
pub(super) fn entropy(text: &str) -> f64 {
    let mut counts = [0_u32; 256];
    for byte in text.bytes() {
        counts[usize::from(byte)] += 1;
    }
    let all = f64::from(u32::try_from(text.len()).unwrap_or(u32::MAX));
    counts.iter().filter(|count| **count > 0).map(|count| f64::from(*count) / all).map(|part| -part * part.log2()).sum()
}

/// CRC-32 (IEEE 802.3) of bytes, as six digits of base 62: the checksum in GitHub's and npm's tokens.
pub(super) fn base62_crc32(bytes: &[u8]) -> [u8; 6] {
    const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut crc = !0_u32;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ 0xEDB8_8320 } else { crc >> 1 };
        }
    }
    let mut rest = !crc as usize;
    let mut out = [b'0'; 6];
    for place in out.iter_mut().rev() {
        *place = DIGITS[rest % 62];
        rest /= 62;
    }
    out
}

/// Different bytes in a text.
pub(super) fn distinct(text: &str) -> usize {
    let mut seen = [false; 256];
    text.bytes().for_each(|byte| seen[usize::from(byte)] = true);
    seen.iter().filter(|seen| **seen).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digits(text: &str) -> Vec<u8> {
        text.bytes().filter(u8::is_ascii_digit).map(|byte| byte - b'0').collect()
    }

    #[test]
    fn checks_hold_for_published_examples_and_for_no_neighbour() {
        assert!(luhn(&digits("4111 1111 1111 1111")) && !luhn(&digits("4111 1111 1111 1112")));
        assert!(iban(b"DE89370400440532013000") && iban(b"GB82WEST12345698765432"));
        assert!(!iban(b"DE89370400440532013001"));
        assert!(verhoeff(&digits("2363")) && !verhoeff(&digits("2364")));
        assert!(dni(b"12345678Z") && !dni(b"12345678A") && dni(b"X1234567L"));
        assert!(codice_fiscale(b"RSSMRA85T10A562S") && !codice_fiscale(b"RSSMRA85T10A562T"));
        assert!(hetu(b"131052-308T") && !hetu(b"131052-308U"));
    }
}
