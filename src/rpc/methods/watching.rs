//! Handlers that watch the daemon at work and change what it tells.

use super::entries;
use crate::api::ParamError;
use crate::api::args::shown;
use crate::api::methods::watching::*;
use crate::likeness::nearest;
use crate::rpc::context::{Context, Outcome};
use crate::rpc::error::RpcError;
use crate::rpc::table::Handle;

entries![SlowLog, Monitor, SetLogLevel, Config];

impl Handle for SlowLog {
    fn handle(
        context: &mut Context<'_>,
        params: SlowLogParams,
    ) -> Result<Outcome<SlowLogResult>, RpcError> {
        let mut slow = context.host.slow_calls(params.reset);
        slow.calls.truncate(params.limit as usize);
        let threshold_us = u64::try_from(slow.threshold.as_micros()).unwrap_or(u64::MAX);
        let (capacity, total, calls) = (slow.capacity, slow.total, slow.calls);
        Ok(SlowLogResult { threshold_us, capacity, total, calls }.into())
    }
}

impl Handle for Monitor {
    fn handle(
        context: &mut Context<'_>,
        params: MonitorParams<'_>,
    ) -> Result<Outcome<MonitorResult>, RpcError> {
        let filter = params.on.then(|| params.method.unwrap_or_default().into_owned());
        let rate = context.host.monitor(context.caller, filter);
        Ok(MonitorResult { on: params.on, rate }.into())
    }
}

impl Handle for SetLogLevel {
    fn handle(
        context: &mut Context<'_>,
        params: SetLogLevelParams,
    ) -> Result<Outcome<SetLogLevelResult>, RpcError> {
        let level = match params.level {
            LogLevel::Off => log::LevelFilter::Off,
            LogLevel::Error => log::LevelFilter::Error,
            LogLevel::Warn => log::LevelFilter::Warn,
            LogLevel::Info => log::LevelFilter::Info,
            LogLevel::Debug => log::LevelFilter::Debug,
            LogLevel::Trace => log::LevelFilter::Trace,
        };
        let previous = log::max_level();
        context.host.set_log_level(level);
        let previous = LogLevel::ALL.iter().find(|known| **known as usize == previous as usize);
        let previous = previous.map_or("off", |known| known.word());
        Ok(SetLogLevelResult { level: params.level.word(), previous }.into())
    }
}

impl Handle for Config {
    fn handle(
        context: &mut Context<'_>,
        params: ConfigParams<'_>,
    ) -> Result<Outcome<ConfigResult>, RpcError> {
        let list = context.host.setting_list();
        let (files, mut settings) = (list.files, list.settings);
        if let Some(section) = params.section {
            let group = |setting: &ListedSetting| setting.key.split('.').next().unwrap_or_default();
            let mut known: Vec<&'static str> = settings.iter().map(group).collect();
            known.dedup();
            settings.retain(|setting| group(setting).eq_ignore_ascii_case(&section));
            if settings.is_empty() && !known.is_empty() {
                let nearest = nearest(&section, known.iter().copied());
                let (param, what, got) = ("section".into(), "section", shown(&section));
                return Err(ParamError::NoSuch { param, what, got, nearest, known }.into());
            }
        }
        Ok(ConfigResult { files, settings }.into())
    }
}
