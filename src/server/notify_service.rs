//! What a service manager of the systemd kind is told: datagrams to the socket that `NOTIFY_SOCKET`
//! names.

use std::io;
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Where the messages go, and how often the manager wants a sign of life.
#[derive(Debug, Default)]
pub struct ServiceManager {
    socket: Option<PathBuf>,
    watchdog: Option<Watchdog>,
}

#[derive(Debug)]
struct Watchdog {
    interval: Duration,
    due: Instant,
}

impl ServiceManager {
    /// As the environment says; nobody is told anything if it says nothing.
    pub fn of_environment(now: Instant) -> Self {
        let variable = |name| std::env::var(name).ok();
        let ours = variable("WATCHDOG_PID").is_none_or(|pid| pid.parse() == Ok(std::process::id()));
        let micros = variable("WATCHDOG_USEC").and_then(|micros| micros.parse::<u64>().ok());
        // Twice as often as it must be: one sign that comes late is no reason to be killed.
        let interval =
            micros.filter(|micros| ours && *micros > 0).map(|m| Duration::from_micros(m / 2));
        ServiceManager {
            socket: std::env::var_os("NOTIFY_SOCKET").map(PathBuf::from),
            watchdog: interval.map(|interval| Watchdog { interval, due: now + interval }),
        }
    }

    /// The daemon serves.
    pub fn ready(&self, status: &str) {
        self.tell(&format!("READY=1\nSTATUS={status}"));
    }

    /// The daemon stops.
    pub fn stopping(&self) {
        self.tell("STOPPING=1\nSTATUS=Answering what has come, then stopping");
    }

    /// The daemon reads its configuration again; [`ServiceManager::ready`] ends that.
    pub fn reloading(&self) {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
        let micros = time.tv_sec * 1_000_000 + time.tv_nsec / 1000;
        self.tell(&format!("RELOADING=1\nMONOTONIC_USEC={micros}"));
    }

    /// A line for people.
    pub fn status(&self, status: &str) {
        self.tell(&format!("STATUS={status}"));
    }

    /// When the next sign of life is due.
    pub fn next(&self) -> Option<Instant> {
        self.watchdog.as_ref().map(|watchdog| watchdog.due)
    }

    /// Gives a sign of life if one is due.
    pub fn act(&mut self, now: Instant) {
        let Some(watchdog) = self.watchdog.as_mut().filter(|watchdog| watchdog.due <= now) else {
            return;
        };
        watchdog.due = now + watchdog.interval;
        self.tell("WATCHDOG=1");
    }

    fn tell(&self, message: &str) {
        let Some(socket) = &self.socket else { return };
        if let Err(error) = send(socket, message.as_bytes()) {
            log::warn!("cannot tell the service manager at {}: {error}", socket.display());
        }
    }
}

fn send(socket: &std::path::Path, message: &[u8]) -> io::Result<()> {
    let sender = UnixDatagram::unbound()?;
    #[cfg(target_os = "linux")]
    {
        use std::os::linux::net::SocketAddrExt;
        use std::os::unix::ffi::OsStrExt;
        if let [b'@', name @ ..] = socket.as_os_str().as_bytes() {
            let address = std::os::unix::net::SocketAddr::from_abstract_name(name)?;
            return sender.send_to_addr(message, &address).map(drop);
        }
    }
    sender.send_to(message, socket).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_of_life_come_when_they_are_due() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("notify");
        let manager = UnixDatagram::bind(&path).unwrap();
        manager.set_nonblocking(true).unwrap();
        let now = Instant::now();
        let second = Duration::from_secs(1);
        let watchdog = Some(Watchdog { interval: second, due: now + second });
        let mut service = ServiceManager { socket: Some(path), watchdog };
        let receive = || {
            let mut bytes = [0; 256];
            let count = manager.recv(&mut bytes).unwrap_or(0);
            String::from_utf8_lossy(&bytes[..count]).into_owned()
        };
        service.ready("Serving");
        assert_eq!(receive(), "READY=1\nSTATUS=Serving");
        service.act(now);
        assert_eq!(receive(), "");
        service.act(now + second);
        assert_eq!(receive(), "WATCHDOG=1");
        assert_eq!(service.next(), Some(now + 2 * second));
        service.reloading();
        assert!(receive().starts_with("RELOADING=1\nMONOTONIC_USEC="));
    }

    #[test]
    fn a_manager_that_is_gone_is_no_reason_to_end() {
        let socket = Some("/nonexistent/notify".into());
        ServiceManager { socket, watchdog: None }.stopping();
        ServiceManager::default().stopping();
    }
}
