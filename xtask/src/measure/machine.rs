//! Where and when a figure was measured.

use std::fs;

/// The machine in one line.
pub(crate) fn describe() -> String {
    let cpus = std::thread::available_parallelism().map_or(0, usize::from);
    let date = jiff::Timestamp::now().strftime("%Y-%m-%d");
    let (release, model, load) = (release(), cpu_model(), load());
    format!("Linux {release}, {cpus} CPUs ({model}), {date}, load average {load} before")
}

/// The load of the last minute. Ratios are meaningless when it is near the number of CPUs.
fn load() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().unwrap_or_default().to_owned()
}

fn release() -> String {
    fs::read_to_string("/proc/sys/kernel/osrelease")
        .map_or_else(|_| "unknown".to_owned(), |text| text.trim().to_owned())
}

fn cpu_model() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    model_in(&info).unwrap_or(std::env::consts::ARCH).to_owned()
}

/// Not every architecture names its CPUs.
fn model_in(cpuinfo: &str) -> Option<&str> {
    let line = cpuinfo
        .lines()
        .find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cpus_name_is_found_where_there_is_one() {
        let info = "processor\t: 0\nmodel\t\t: 85\nmodel name\t: Some CPU @ 2.5GHz\n";
        assert_eq!(model_in(info), Some("Some CPU @ 2.5GHz"));
        assert_eq!(model_in("processor\t: 0\nBogoMIPS\t: 50.00\n"), None);
    }
}
