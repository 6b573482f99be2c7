//! Histograms, as BCC prints them.

use std::io::Write as _;

use bpfrun::Buckets;

/// Widest bar.
const STARS: usize = 40;

/// The bar of a histogram whose numbers take more room.
const FEWER_STARS: usize = 20;

/// Buckets above this need wider columns.
const NARROW: usize = 32;

/// Appends a histogram. `counts` are those of bucket 0, 1 and so on.
pub fn write(out: &mut Vec<u8>, buckets: Buckets, unit: &str, counts: &[u64]) {
    let Some(last) = counts.iter().rposition(|count| *count > 0) else {
        return;
    };
    let counts = &counts[..=last];
    match buckets {
        Buckets::Log2 => log2(out, unit, counts),
        Buckets::Linear => linear(out, unit, counts),
    }
}

/// The smallest and the largest number in a bucket.
pub fn bounds(buckets: Buckets, bucket: usize) -> (u64, u64) {
    let bucket = bucket as u64;
    match buckets {
        Buckets::Linear => (bucket, bucket),
        // Bucket 1 holds 0 and 1. Nothing is ever counted in bucket 0.
        Buckets::Log2 if bucket <= 1 => (0, bucket),
        Buckets::Log2 if bucket > 64 => (u64::MAX, u64::MAX),
        Buckets::Log2 => {
            let low = 1u64 << (bucket - 1);
            (low, low + (low - 1))
        }
    }
}

fn log2(out: &mut Vec<u8>, unit: &str, counts: &[u64]) {
    let wide = counts.len() - 1 > NARROW;
    let (width, stars) = if wide { (20, FEWER_STARS) } else { (10, STARS) };
    let (margin, title) = if wide { (15, 29) } else { (5, 19) };
    let most = counts.iter().copied().max().unwrap_or(0);
    text(
        out,
        format_args!("{:margin$}{unit:<title$} : count     distribution\n", ""),
    );
    // Only a program that counts by itself puts something into bucket 0.
    let first = usize::from(counts[0] == 0);
    for (bucket, count) in counts.iter().enumerate().skip(first) {
        let (low, high) = bounds(Buckets::Log2, bucket);
        let bar = bar(*count, most, stars);
        text(
            out,
            format_args!("{low:>width$} -> {high:<width$} : {count:<8} |{bar:<stars$}|\n"),
        );
    }
}

fn linear(out: &mut Vec<u8>, unit: &str, counts: &[u64]) {
    let most = counts.iter().copied().max().unwrap_or(0);
    text(
        out,
        format_args!("     {unit:<13} : count     distribution\n"),
    );
    for (bucket, count) in counts.iter().enumerate() {
        let bar = bar(*count, most, STARS);
        text(
            out,
            format_args!("        {bucket:<10} : {count:<8} |{bar:<STARS$}|\n"),
        );
    }
}

fn bar(count: u64, most: u64, stars: usize) -> String {
    let length = u128::from(count) * stars as u128 / u128::from(most.max(1));
    "*".repeat(usize::try_from(length).unwrap_or(stars))
}

fn text(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text).expect("writing to memory");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(buckets: Buckets, counts: &[u64]) -> String {
        let mut out = Vec::new();
        write(&mut out, buckets, "usecs", counts);
        String::from_utf8(out).expect("UTF-8")
    }

    /// Powers of two: the layout that BCC's users know.
    #[test]
    fn powers_of_two() {
        let expected = "     \
     usecs               : count     distribution
         0 -> 1          : 3        |************************                |
         2 -> 3          : 0        |                                        |
         4 -> 7          : 5        |****************************************|
";
        let shown = shown(Buckets::Log2, &[0, 3, 0, 5, 0, 0]);
        assert_eq!(shown.trim_start(), expected.trim_start());
        assert!(shown.starts_with("     usecs               : count"));
    }

    /// Large numbers get wider columns, and nothing overflows.
    #[test]
    fn large_numbers() {
        let mut counts = vec![0; 65];
        counts[64] = u64::MAX;
        let text = shown(Buckets::Log2, &counts);
        assert!(
            text.contains("9223372036854775808 -> 18446744073709551615 : 18446744073709551615 |")
        );
        assert_eq!(text.lines().count(), 65);
        assert_eq!(shown(Buckets::Log2, &[0, 0]), "");
    }

    /// Plain numbers.
    #[test]
    fn plain_numbers() {
        let text = shown(Buckets::Linear, &[1, 0, 2]);
        assert_eq!(text.lines().count(), 4);
        assert!(text.contains("        0          : 1        |********************    "));
    }
}
