//! Operations: how the daemon starts, tells its health, reads its configuration, logs, and ends;
//! units and packages.

mod activation;
mod configuration;
mod ctl;
mod deployment;
mod health;
mod life;
mod slow_disk;
mod starts;
mod stress;
mod time;
