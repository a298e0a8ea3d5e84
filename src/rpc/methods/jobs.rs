//! Handlers about calls that go on while others are served.

use super::entries;
use crate::api::methods::jobs::*;
use crate::api::methods::system::NoParams;
use crate::rpc::JobInfo;
use crate::rpc::context::{Context, Outcome};
use crate::rpc::error::{INVALID_PARAMS, RpcError};
use crate::rpc::table::Handle;

entries![ListJobs, CancelJob];

impl From<JobInfo> for ListedJob {
    fn from(info: JobInfo) -> Self {
        let JobInfo { job, connection, id, method, project, done, total, seconds } = info;
        ListedJob { job, connection, id, method, project, done, total, seconds }
    }
}

impl Handle for ListJobs {
    fn handle(context: &mut Context<'_>, _: NoParams) -> Result<Outcome<JobList>, RpcError> {
        let mut jobs: Vec<ListedJob> =
            context.host.jobs().into_iter().map(ListedJob::from).collect();
        jobs.sort_by_key(|job| job.job);
        Ok(JobList { count: jobs.len(), jobs }.into())
    }
}

impl Handle for CancelJob {
    fn handle(
        context: &mut Context<'_>,
        params: CancelParams,
    ) -> Result<Outcome<CancelResult>, RpcError> {
        let job = params.job.0.unsigned_abs();
        if context.host.cancel_job(job) {
            return Ok(CancelResult { success: true, job }.into());
        }
        let message = format!("Invalid params: no call with the number {job} goes on");
        Err(RpcError::new(INVALID_PARAMS, message)
            .with("param", "job")
            .with("got", job)
            .hint("goxel.jobs lists the calls that go on; this one may have ended"))
    }
}
