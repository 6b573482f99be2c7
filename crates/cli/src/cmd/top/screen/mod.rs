//! The screen of `execsnoop top`.

mod capture;
mod columns;
mod detail;
mod draw;
mod help;
mod show;
mod state;
mod terminal;
#[cfg(test)]
mod tests;

pub use show::Screen;
