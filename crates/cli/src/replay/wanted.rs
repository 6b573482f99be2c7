//! What a live trace would only have collected on demand.

use execsnoop_events::Event;
use execsnoop_events::EventData;
use execsnoop_events::Exec;
use execsnoop_events::Existing;
use execsnoop_events::Image;

/// Which of it is wanted. The rest is taken away, so that a replay shows what the live trace would
/// have shown.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wanted {
    /// Working directories.
    pub cwd: bool,
    /// Variables of the environment.
    pub env: bool,
}

impl Wanted {
    /// The event with what is wanted.
    pub fn of<'a>(self, event: &Event<'a>) -> Event<'a> {
        let data = match event.data {
            EventData::Exec(exec) => EventData::Exec(self.of_exec(exec)),
            EventData::Existing(existing) => EventData::Existing(Existing {
                image: self.of_image(existing.image),
                ..existing
            }),
            other => other,
        };
        Event { data, ..*event }
    }

    fn of_exec<'a>(self, exec: Exec<'a>) -> Exec<'a> {
        let Image {
            cwd, cwd_root, env, ..
        } = self.of_image(exec.image());
        Exec {
            cwd,
            cwd_root,
            env,
            ..exec
        }
    }

    fn of_image<'a>(self, image: Image<'a>) -> Image<'a> {
        Image {
            cwd: image.cwd.filter(|_| self.cwd),
            cwd_root: image.cwd_root.filter(|_| self.cwd),
            env: image.env.filter(|_| self.env),
            ..image
        }
    }
}
