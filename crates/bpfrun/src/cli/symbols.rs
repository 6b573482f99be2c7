//! Names of kernel addresses.

use std::fs::File;
use std::io::BufRead as _;
use std::io::BufReader;

/// The kernel's functions. There are more than a hundred thousand, so their names stand back to
/// back.
#[derive(Debug, Default)]
pub struct Symbols {
    /// Where functions begin, and where their names do. Sorted.
    starts: Vec<(u64, u32)>,
    names: String,
}

impl Symbols {
    /// Reads /proc/kallsyms. Who may not see addresses there gets no names.
    pub fn read() -> Self {
        let Ok(file) = File::open("/proc/kallsyms") else {
            return Self::default();
        };
        let lines = BufReader::new(file).lines().map_while(Result::ok);
        Self::from_lines(lines)
    }

    fn from_lines(lines: impl Iterator<Item = impl AsRef<str>>) -> Self {
        let mut symbols = Self::default();
        for line in lines {
            if let Some((start, name)) = function(line.as_ref())
                && let Ok(at) = u32::try_from(symbols.names.len())
            {
                symbols.starts.push((start, at));
                symbols.names.push_str(name);
                symbols.names.push('\n');
            }
        }
        symbols.starts.sort_unstable();
        symbols
    }

    /// `name+0x1f` of an address; nothing for one that is not in the kernel.
    pub fn name(&self, address: u64) -> Option<String> {
        let after = self.starts.partition_point(|(start, _)| *start <= address);
        let (start, at) = self.starts.get(after.checked_sub(1)?)?;
        let name = self.names.get(*at as usize..)?.lines().next()?;
        // Behind the last function there is nothing to name.
        let known = after < self.starts.len();
        known.then(|| format!("{name}+{:#x}", address - start))
    }
}

/// The address and the name in `ffffffff81000000 T name [module]`.
fn function(line: &str) -> Option<(u64, &str)> {
    let mut words = line.split_ascii_whitespace();
    let address = u64::from_str_radix(words.next()?, 16).ok()?;
    let is_code = matches!(words.next()?, "t" | "T" | "w" | "W");
    (is_code && address != 0).then_some((address, words.next()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The nearest function before an address.
    #[test]
    fn nearest() {
        let lines = [
            "ff10 T first",
            "ff80 t second",
            "0 T hidden",
            "fff0 T last",
            "ff90 D data",
        ];
        let symbols = Symbols::from_lines(lines.into_iter());
        assert_eq!(symbols.name(0xff1f).as_deref(), Some("first+0xf"));
        assert_eq!(symbols.name(0xff80).as_deref(), Some("second+0x0"));
        assert_eq!(symbols.name(0x1), None);
        assert_eq!(symbols.name(0xffff), None);
    }
}
