//! Clients that keep calls under way.

use std::time::{Duration, Instant};

use super::super::context::{Context, Stop};
use super::super::exit::Failure;
use super::Arguments;
use super::mix::{Draws, Mix};
use crate::client::{Connection, Error, Histogram, Ticket};

/// What a run came to.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Calls answered, errors included.
    pub calls: u64,
    /// Calls that the daemon refused.
    pub errors: u64,
    /// The first refusal.
    pub first_error: Option<String>,
    /// From queueing a call to its answer.
    pub latency: Histogram,
}

/// Runs all clients for a while. A connection that breaks ends the run.
pub fn run(
    arguments: &Arguments,
    mix: &Mix,
    time: Duration,
    context: &Context,
    stop: &Stop,
) -> Result<Outcome, Failure> {
    let connections: Result<Vec<Connection>, Failure> =
        (0..arguments.clients).map(|_| context.connect()).collect();
    let until = Instant::now() + time;
    let outcomes: Vec<Result<Outcome, Error>> = std::thread::scope(|scope| {
        let clients: Vec<_> = connections?
            .into_iter()
            .enumerate()
            .map(|(number, connection)| {
                let draws = Draws::new(number as u64 + 1);
                scope.spawn(move || drive(connection, arguments.depth, mix, draws, until, stop))
            })
            .collect();
        let joined = clients.into_iter().map(|client| {
            let lost = |_| Err(Error::Usage("a client of the load generator panicked".into()));
            client.join().unwrap_or_else(lost)
        });
        Ok::<_, Failure>(joined.collect())
    })?;
    let mut total = Outcome::default();
    for outcome in outcomes {
        let outcome = outcome?;
        total.calls += outcome.calls;
        total.errors += outcome.errors;
        total.first_error = total.first_error.or(outcome.first_error);
        total.latency.merge(&outcome.latency);
    }
    Ok(total)
}

fn drive(
    mut connection: Connection,
    depth: u32,
    mix: &Mix,
    mut draws: Draws,
    until: Instant,
    stop: &Stop,
) -> Result<Outcome, Error> {
    let mut outcome = Outcome::default();
    let mut tickets: Vec<Ticket> = Vec::with_capacity(depth as usize);
    while Instant::now() < until && !stop.is_set() {
        for _ in 0..depth {
            let (method, params) = mix.draw(&mut draws);
            tickets.push(connection.send_encoded(method, params.as_deref(), None)?);
        }
        for ticket in tickets.drain(..) {
            match connection.wait(ticket) {
                Ok(_) => {}
                Err(Error::Remote(error)) => {
                    outcome.errors += 1;
                    outcome.first_error.get_or_insert_with(|| error.to_string());
                }
                Err(error) => return Err(error),
            }
        }
    }
    outcome.calls = connection.stats().calls;
    outcome.latency = connection.stats().latency.clone();
    Ok(outcome)
}
