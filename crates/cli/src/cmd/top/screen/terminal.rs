//! The terminal: taken over, and given back however we end.

use std::fs::File;
use std::io;
use std::io::Write as _;
use std::os::fd::AsFd as _;
use std::sync::Once;
use std::sync::OnceLock;
use std::time::Duration;

use execsnoop_clikit::Suspension;
use nix::errno::Errno;
use nix::poll::PollFd;
use nix::poll::PollFlags;
use nix::poll::PollTimeout;
use nix::poll::poll;
use nix::unistd::dup2_stdin;
use ratatui::Frame;
use ratatui::Terminal;
use ratatui::TerminalOptions;
use ratatui::Viewport;
use ratatui::backend::Backend as _;
use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::cursor::Show;
use ratatui::crossterm::event;
use ratatui::crossterm::execute;
use ratatui::crossterm::terminal::Clear;
use ratatui::crossterm::terminal::ClearType;
use ratatui::crossterm::terminal::EnterAlternateScreen;
use ratatui::crossterm::terminal::LeaveAlternateScreen;
use ratatui::crossterm::terminal::disable_raw_mode;
use ratatui::crossterm::terminal::enable_raw_mode;
use ratatui::layout::Position;
use ratatui::layout::Rect;
use ratatui::layout::Size;

use super::capture::Capture;

/// What a panic has to give back. A program that panics is aborted, and drops nothing.
static TAKEN: OnceLock<Capture> = OnceLock::new();

/// A terminal that we have taken over.
pub struct Screen {
    terminal: Terminal<CrosstermBackend<File>>,
    suspension: Suspension,
    /// Where keys come from.
    keyboard: File,
    is_ours: bool,
}

impl std::fmt::Debug for Screen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Screen").finish_non_exhaustive()
    }
}

impl Screen {
    /// Takes the terminal over. A command beside us does not get the keys.
    pub fn take(has_command: bool) -> io::Result<Self> {
        if has_command {
            dup2_stdin(File::open("/dev/null")?)?;
        }
        let suspension = Suspension::install()?;
        let capture = Capture::start()?;
        let file = capture.terminal()?;
        let keyboard = capture.terminal()?;
        let _ = TAKEN.set(capture);
        give_back_at_panic();
        let mut screen = Self {
            terminal: blank(file)?,
            suspension,
            keyboard,
            is_ours: false,
        };
        screen.enter().inspect_err(|_| give_back())?;
        Ok(screen)
    }

    fn enter(&mut self) -> io::Result<()> {
        enable_raw_mode()?;
        execute!(self.terminal.backend_mut(), EnterAlternateScreen)?;
        self.is_ours = true;
        self.begin_anew()
    }

    /// Clears the terminal, whatever size it has now.
    pub fn begin_anew(&mut self) -> io::Result<()> {
        execute!(self.terminal.backend_mut(), Clear(ClearType::All))?;
        let file = TAKEN.get().map(Capture::terminal);
        if let Some(file) = file {
            self.terminal = blank(file?)?;
        }
        Ok(())
    }

    /// Draws a frame of the size that the terminal has now.
    pub fn draw(&mut self, frame: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        if self.terminal.backend().size()? != self.size() {
            self.begin_anew()?;
        }
        self.terminal.draw(frame).map(drop)
    }

    /// Whether keys wait to be read.
    ///
    /// # Errors
    ///
    /// If the terminal is gone. One that is hung up is always ready, and crossterm would read from
    /// it for ever.
    pub fn has_input(&self) -> io::Result<bool> {
        let mut polled = [PollFd::new(self.keyboard.as_fd(), PollFlags::POLLIN)];
        match poll(&mut polled, PollTimeout::ZERO) {
            Err(Errno::EINTR) => return Ok(false),
            other => other?,
        };
        let events = polled[0].revents().unwrap_or(PollFlags::empty());
        if events.intersects(PollFlags::POLLHUP | PollFlags::POLLERR | PollFlags::POLLNVAL) {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        Ok(events.contains(PollFlags::POLLIN) && event::poll(Duration::ZERO)?)
    }

    /// The size of the last frame.
    pub fn size(&mut self) -> Size {
        self.terminal.get_frame().area().as_size()
    }

    /// Stops if SIGTSTP has arrived, until we are continued. Returns whether it did.
    pub fn suspend_if_asked(&mut self) -> io::Result<bool> {
        if !self.suspension.take() {
            return Ok(false);
        }
        leave();
        self.suspension.stop();
        self.enter()?;
        Ok(true)
    }

    /// Asks for what Ctrl-Z means, for us and for the command.
    pub fn ask_for_suspension(&self) {
        self.suspension.ask_group();
    }

    /// Gives the terminal back.
    pub fn give_back(&mut self) {
        if std::mem::replace(&mut self.is_ours, false) {
            give_back();
        }
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.give_back();
    }
}

/// A terminal of the present size on which nothing is drawn. The size is fixed, because a terminal
/// that adapts asks where the cursor is, on a standard output that is not the terminal now.
fn blank(file: File) -> io::Result<Terminal<CrosstermBackend<File>>> {
    let backend = CrosstermBackend::new(file);
    let area = Rect::from((Position::ORIGIN, backend.size()?));
    let viewport = Viewport::Fixed(area);
    Terminal::with_options(backend, TerminalOptions { viewport })
}

fn give_back() {
    leave();
    if let Some(capture) = TAKEN.get() {
        capture.end();
    }
}

fn leave() {
    let _ = disable_raw_mode();
    if let Some(mut terminal) = TAKEN.get().and_then(|capture| capture.terminal().ok()) {
        let _ = execute!(terminal, LeaveAlternateScreen, Show);
        let _ = terminal.flush();
    }
}

fn give_back_at_panic() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            give_back();
            before(info);
        }));
    });
}
