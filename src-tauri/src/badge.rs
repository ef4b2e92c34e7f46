//! The count on the tray's icon: where a system shows no text beside an icon, the icon itself has to say it.

/// Digits on a grid of 3 by 5, one row a number, most significant bit left; the last is a plus.
const DIGITS: [[u8; 5]; 11] = [
    [7, 5, 5, 5, 7],
    [2, 6, 2, 2, 7],
    [7, 1, 7, 4, 7],
    [7, 1, 7, 1, 7],
    [5, 5, 7, 1, 1],
    [7, 4, 7, 1, 7],
    [7, 4, 7, 5, 7],
    [7, 1, 1, 2, 2],
    [7, 5, 7, 5, 7],
    [7, 5, 7, 1, 7],
    [0, 2, 7, 2, 0],
];
const GROUND: [u8; 4] = [0xc2, 0x41, 0x0c, 0xff];
const INK: [u8; 4] = [0xff, 0xff, 0xff, 0xff];

/// Draws the count into the lower right quarter of a square RGBA picture; more than nine are `9+`.
pub(crate) fn draw(rgba: &mut [u8], side: u32, count: u32) {
    let side = side as usize;
    if count == 0 || side < 16 || rgba.len() < side * side * 4 {
        return;
    }
    let glyphs: &[usize] = match count {
        1..=9 => &[count as usize],
        _ => &[9, 10],
    };
    // Wide enough for two glyphs with a gap, in whole dots.
    let dot = side / 16;
    let (width, height) = ((glyphs.len() * 4 + 1) * dot, 7 * dot);
    let (left, top) = (side - width.min(side), side - height);
    let mut put = |x: usize, y: usize, colour: [u8; 4]| {
        if let Some(pixel) = rgba.get_mut((y * side + x) * 4..(y * side + x) * 4 + 4) {
            pixel.copy_from_slice(&colour);
        }
    };
    for y in top..side {
        for x in left..side {
            put(x, y, GROUND);
        }
    }
    for (at, glyph) in glyphs.iter().enumerate() {
        for (row, bits) in DIGITS[*glyph].iter().enumerate() {
            for column in (0..3).filter(|column| bits & (4 >> column) != 0) {
                for (dy, dx) in (0..dot).flat_map(|dy| (0..dot).map(move |dx| (dy, dx))) {
                    put(left + (at * 4 + 1 + column) * dot + dx, top + (row + 1) * dot + dy, INK);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(count: u32) -> String {
        let mut rgba = vec![0; 16 * 16 * 4];
        draw(&mut rgba, 16, count);
        let sign = |pixel: &[u8]| match pixel {
            [0, ..] => '.',
            [0xff, ..] => '#',
            _ => 'o',
        };
        let rows: Vec<String> = rgba.chunks(64).skip(9).map(|row| row.chunks(4).skip(7).map(sign).collect()).collect();
        rows.join("\n")
    }

    #[test]
    fn counts_are_readable() {
        assert_eq!(drawn(0).matches('o').count(), 0);
        assert_eq!(drawn(3), "....ooooo\n....o###o\n....ooo#o\n....o###o\n....ooo#o\n....o###o\n....ooooo");
        assert_eq!(drawn(12), drawn(500), "more than nine are nine and more");
        assert_eq!(drawn(12), "ooooooooo\no###ooooo\no#o#oo#oo\no###o###o\nooo#oo#oo\no###ooooo\nooooooooo");
    }
}
