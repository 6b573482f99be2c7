//! The screen, in a real terminal: tmux types the keys and reads what is shown.

use std::fs;
use std::process::Command;
use std::thread;
use std::time::Duration;

use tempfile::TempDir;

use crate::Case;
use crate::support::execsnoop;
use crate::support::public_dir;
use crate::support::requirements::Need::Tmux;
use crate::support::requirements::Need::Tracing;
use crate::support::text;
use crate::support::wait_until;
use crate::support::workload;

/// A tmux of our own, in which a shell runs.
#[derive(Debug)]
struct Screen {
    dir: TempDir,
}

impl Screen {
    fn start(width: u16, height: u16) -> Self {
        let screen = Self { dir: public_dir() };
        let (width, height) = (width.to_string(), height.to_string());
        let size = ["-x", &width, "-y", &height];
        let shell = ["env", "-u", "NO_COLOR", "PS1=ready> ", "sh"];
        let words = [&["-f", "/dev/null", "new-session", "-d"], &size[..], &shell].concat();
        screen.tmux(&words);
        screen.shows("ready>");
        screen
    }

    fn tmux(&self, words: &[&str]) -> String {
        let socket = self.dir.path().join("tmux");
        let mut command = Command::new("tmux");
        let command = command.args(["-S", text(&socket)]).args(words);
        let output = command.env("TERM", "xterm-256color").output();
        let output = output.expect("tmux can be executed");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn read(&self) -> String {
        self.tmux(&["capture-pane", "-p"])
    }

    /// Waits until the screen shows a text.
    #[track_caller]
    fn shows(&self, wanted: &str) -> String {
        self.satisfies(wanted, |screen| screen.contains(wanted))
    }

    #[track_caller]
    fn satisfies(&self, what: &str, is_met: impl Fn(&str) -> bool) -> String {
        let mut last = String::new();
        wait_until(&format!("{what}\n{}", self.read()), || {
            last = self.read();
            is_met(&last)
        });
        last
    }

    fn keys(&self, keys: &[&str]) {
        self.tmux(&[&["send-keys"], keys].concat());
    }

    /// Types a command line.
    fn enter(&self, line: &str) {
        self.tmux(&["send-keys", "-l", line]);
        self.keys(&["Enter"]);
    }

    /// Starts top beside a load: a shell script that starts the workload again and again.
    fn with_top(width: u16, height: u16, options: &str) -> Self {
        let screen = Self::start(width, height);
        let load = screen.dir.path().join("burner.sh");
        let line = format!("while :; do {} burn 2000; done", workload().display());
        crate::support::executable(&load, &format!("#!/bin/sh\n{line}\n"));
        screen.enter(&format!("{} & sleep 1.2; clear", load.display()));
        screen.enter(&format!("cd {}", screen.dir.path().display()));
        screen.enter(&format!("{} top -p $$ {options}", execsnoop().display()));
        screen.shows("burner.sh[");
        screen
    }

    /// The shell has its terminal back as it was.
    #[track_caller]
    fn is_restored(&self) {
        self.enter("echo works");
        self.satisfies("a shell that echoes", |screen| {
            screen.contains("\nworks") && screen.contains("echo works")
        });
        self.enter("stty -a");
        let settings = self.shows("speed");
        assert!(
            self.tmux(&["display", "-p", "#{alternate_on}#{cursor_flag}"])
                .starts_with("01")
        );
        self.satisfies("a terminal that echoes", |screen| screen.contains(" echo "));
        assert!(!settings.contains("-icanon"), "{settings}");
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.tmux(&["send-keys", "q"]);
        self.tmux(&["kill-server"]);
        let pattern = self.dir.path().join("burner.sh");
        let pattern = text(&pattern);
        for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
            let line = fs::read(entry.path().join("cmdline")).unwrap_or_default();
            let name = entry.file_name();
            if String::from_utf8_lossy(&line).contains(pattern)
                && let Some(pid) = name.to_str().and_then(|name| name.parse().ok())
            {
                crate::support::run::kill_process(pid, nix::sys::signal::Signal::SIGKILL);
            }
        }
    }
}

/// The answer and the row are there within a second or two; keys open a row, group, filter, and
/// end, and the terminal is as before.
fn keys() {
    let screen = Screen::with_top(100, 24, "");
    let first = screen.shows("were started by burner.sh");
    assert!(
        first.contains("short-lived") && first.contains("CPU%"),
        "{first}"
    );
    screen.keys(&["Enter"]);
    let opened = screen.shows("last command lines");
    assert!(
        opened.contains("burn 2000") && opened.contains("ancestors:"),
        "{opened}"
    );
    screen.keys(&["Escape"]);
    screen.shows("Enter open");
    screen.keys(&["b"]);
    screen.satisfies("programs", |it| {
        it.contains("by program") && it.contains("workload")
    });
    screen.keys(&["/"]);
    screen.tmux(&["send-keys", "-l", "no such row"]);
    screen.shows("No row has the text of the filter.");
    screen.keys(&["Escape"]);
    screen.satisfies("all rows", |it| {
        it.contains("workload") && !it.contains("filter:")
    });
    screen.keys(&["?"]);
    screen.shows("reverse the order");
    screen.keys(&["x", "q"]);
    screen.shows("seen ");
    screen.is_restored();
}

/// A pause keeps the numbers; the view can be written to a file.
fn pause_and_write() {
    let screen = Screen::with_top(100, 24, "");
    screen.keys(&["p"]);
    let before = screen.shows("PAUSED");
    thread::sleep(Duration::from_millis(2200));
    assert_eq!(screen.read(), before);
    screen.keys(&["w"]);
    screen.shows("written to execsnoop-top-");
    let files = fs::read_dir(screen.dir.path())
        .expect("a directory")
        .flatten();
    let mut files = files.map(|file| file.path());
    let file = files.find(|it| it.to_str().is_some_and(|it| it.ends_with("Z.txt")));
    let file = fs::read_to_string(file.expect("a file")).expect("text");
    assert!(
        file.contains("burner.sh[") && file.contains("(long-lived)"),
        "{file}"
    );
}

/// Ctrl-Z gives the terminal back, and fg brings the screen again.
fn stop_and_continue() {
    let screen = Screen::with_top(80, 24, "");
    screen.keys(&["C-z"]);
    screen.satisfies("a stopped job", |it| {
        it.contains("Stopped") || it.contains("ready>")
    });
    screen.is_restored();
    screen.enter("clear; fg %2");
    screen.shows("burner.sh[");
    screen.keys(&["C-c"]);
    screen.shows("seen ");
    screen.is_restored();
}

/// SIGTERM gives the terminal back.
fn terminated() {
    let screen = Screen::with_top(80, 24, "--ready-file ready");
    let line = format!("kill -TERM $(pgrep -f '^{} top')", execsnoop().display());
    let status = Command::new("sh").args(["-c", &line]).status();
    assert!(status.expect("sh can be executed").success());
    screen.shows("seen ");
    screen.is_restored();
}

/// A terminal that is closed ends it.
fn closed_terminal() {
    let screen = Screen::with_top(80, 24, "");
    let program = execsnoop();
    let is_running = || {
        let line = format!("pgrep -f '^{} top'", program.display());
        let status = Command::new("sh").args(["-c", &line]).output();
        status.expect("sh can be executed").status.success()
    };
    assert!(is_running());
    screen.tmux(&["kill-server"]);
    wait_until("top ends", || !is_running());
}

/// The screen follows the size of the terminal, and fits in 40 columns.
fn sizes() {
    let screen = Screen::with_top(120, 30, "");
    screen.tmux(&["resize-window", "-x", "40", "-y", "12"]);
    let narrow = screen.satisfies("a narrow screen", |it| {
        it.contains("burner.sh[") && it.lines().count() <= 12 && it.contains("? help")
    });
    assert!(narrow.contains("short "), "{narrow}");
    screen.tmux(&["resize-window", "-x", "200", "-y", "50"]);
    screen.satisfies("a wide screen", |it| {
        it.contains("OWNER") && it.contains("CPU/PROC")
    });
}

/// What a command prints does not disturb the screen, and is there afterwards.
fn command_that_prints() {
    let screen = Screen::start(100, 24);
    let loop_ = "echo printed by the command; while :; do true; /bin/true; done";
    screen.enter(&format!("{} top -- sh -c '{loop_}'", execsnoop().display()));
    let shown = screen.shows("by culprit");
    assert!(!shown.contains("printed by the command"), "{shown}");
    screen.keys(&["C-c"]);
    screen.satisfies("its output", |it| it.contains("\nprinted by the command"));
    screen.is_restored();
}

pub(crate) fn cases() -> Vec<Case> {
    cases![
        [Tracing, Tmux] => [
            closed_terminal, command_that_prints, keys, pause_and_write, sizes, stop_and_continue, terminated
        ];
    ]
}
