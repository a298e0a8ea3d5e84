//! The conversation: messages in, answers and jobs out. Sans-IO.
//!
//! Hardly anything is remembered between two requests: which revision the handshake came to, and
//! who listens for changes. So a session can be shared by threads, and a request may come at any
//! time, before a handshake too.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Map, Value, json};

use super::era::{self, CLIENT_CAPABILITIES, Era, SERVER_INFO};
use super::fault::{INVALID_PARAMS, INVALID_REQUEST, RESOURCE_NOT_FOUND};
use super::message::{self, Incoming, Request};
use super::offer::{Client, Offer, ToolCall};
use super::subscriptions::Subscriptions;
use super::{Fault, Job, Line, Work};

/// How long a host may keep what does not change while the program runs, in milliseconds.
const FIXED_MS: u64 = 3_600_000;

/// The methods that a session answers, but for `ping`, which the daemon has an answer of its own
/// to.
pub const METHODS: [&str; 15] = [
    "initialize",
    "server/discover",
    "subscriptions/listen",
    "resources/subscribe",
    "resources/unsubscribe",
    "tools/list",
    "tools/call",
    "resources/list",
    "resources/templates/list",
    "resources/read",
    "prompts/list",
    "prompts/get",
    "completion/complete",
    "skills/list",
    "skills/get",
];

/// A conversation.
pub struct Session<O> {
    offer: Arc<O>,
    state: Mutex<State>,
}

/// What is remembered between requests.
#[derive(Default)]
struct State {
    /// The revision of the handshake, if there was one.
    negotiated: Option<&'static str>,
    /// What the client declared in it.
    capabilities: Value,
    subscriptions: Subscriptions,
}

/// What a message leads to.
#[derive(Debug)]
pub enum Reaction {
    /// Nothing is to be sent.
    Nothing,
    /// This is to be sent.
    Send(Vec<Value>),
    /// Work is to be done: [`Session::start`].
    Work(Pending),
    /// The request with this id is to be given up; its answer must not be sent.
    Cancel(Value),
    /// Several messages at once; their answers are sent together.
    Batch(Vec<Reaction>),
    /// It was no JSON; for the log.
    Garbage(String),
}

/// A request whose answer takes work.
#[derive(Clone, Debug)]
pub struct Pending {
    /// The request.
    pub request: Request,
    era: Era,
    client: Client,
}

impl Pending {
    /// The request's id.
    pub fn id(&self) -> &Value {
        &self.request.id
    }

    /// Whether it calls a tool. Tools see the world in the order in which they were called.
    pub fn is_tool_call(&self) -> bool {
        self.request.method == "tools/call"
    }
}

impl<O: Offer> Session<O> {
    /// A conversation about what a server offers.
    pub fn new(offer: Arc<O>) -> Self {
        Session { offer, state: Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes one text of the pipe.
    pub fn receive(&self, text: &str) -> Reaction {
        self.take(message::read(text), false)
    }

    /// Takes one message.
    pub fn take(&self, incoming: Incoming, in_batch: bool) -> Reaction {
        match incoming {
            Incoming::Request(request) => match self.request(request) {
                Ok(reaction) => reaction,
                Err((id, fault)) => Reaction::Send(vec![message::error(Some(&id), &fault)]),
            },
            Incoming::Notification { method, params } => self.notified(&method, &params),
            Incoming::Response => Reaction::Nothing,
            Incoming::Invalid(id, fault) => {
                Reaction::Send(vec![message::error(id.as_ref(), &fault)])
            }
            Incoming::NotJson(reason) => Reaction::Garbage(reason),
            Incoming::Batch(messages)
                if !in_batch && !messages.is_empty() && self.takes_batches() =>
            {
                let taken = messages.into_iter().map(message::of_value);
                Reaction::Batch(taken.map(|incoming| self.take(incoming, true)).collect())
            }
            Incoming::Batch(_) => {
                let fault =
                    Fault::new(INVALID_REQUEST, "Invalid Request: send one message at a time");
                Reaction::Send(vec![message::error(None, &fault)])
            }
        }
    }

    fn takes_batches(&self) -> bool {
        self.state().negotiated == Some(era::BATCH_VERSION)
    }

    fn notified(&self, method: &str, params: &Map<String, Value>) -> Reaction {
        let id = params.get("requestId");
        match (method, id) {
            ("notifications/cancelled", Some(id)) => {
                if self.state().subscriptions.cancel(id) {
                    Reaction::Nothing
                } else {
                    Reaction::Cancel(id.clone())
                }
            }
            _ => Reaction::Nothing,
        }
    }

    fn request(&self, request: Request) -> Result<Reaction, (Value, Fault)> {
        let id = request.id.clone();
        let blame = |fault| (id.clone(), fault);
        let era = Era::of(&request).map_err(blame)?;
        let client = self.client(&request, era);
        let pending = Pending { request, era, client };
        let request = &pending.request;
        let result = match &*request.method {
            "subscriptions/listen" => return self.listen(request).map_err(blame),
            "tools/call" | "resources/list" | "resources/read" | "completion/complete" => {
                self.check(request).map_err(blame)?;
                return Ok(Reaction::Work(pending));
            }
            _ => self.at_once(&pending),
        };
        let result = result.map_err(blame)?;
        Ok(Reaction::Send(vec![self.answer(&pending, Ok(result))]))
    }

    /// What can be refused before any work begins.
    fn check(&self, request: &Request) -> Result<(), Fault> {
        match &*request.method {
            "tools/call" => {
                request.text("name")?;
                request.object("arguments").map(drop)
            }
            "resources/read" => request.text("uri").map(drop),
            "resources/list" => no_cursor(request),
            _ => Ok(()),
        }
    }

    fn client(&self, request: &Request, era: Era) -> Client {
        let log_level = request.meta(era::LOG_LEVEL).and_then(Value::as_str).map(str::to_owned);
        match era {
            Era::Modern => {
                let capabilities = request.meta(CLIENT_CAPABILITIES).cloned().unwrap_or_default();
                Client { capabilities, is_modern: true, log_level }
            }
            Era::Legacy => {
                let capabilities = self.state().capabilities.clone();
                Client { capabilities, is_modern: false, log_level }
            }
        }
    }

    /// Requests that nobody has to be asked for.
    fn at_once(&self, pending: &Pending) -> Result<Value, Fault> {
        let Pending { request, client, .. } = pending;
        match &*request.method {
            "initialize" => self.initialize(request),
            "server/discover" => Ok(self.discover()),
            "ping" => Ok(json!({})),
            "logging/setLevel" if self.offer.capabilities().get("logging").is_some() => {
                request.text("level").map(|_| json!({}))
            }
            "tools/list" => {
                no_cursor(request)?;
                Ok(json!({"tools": self.offer.tools(client)}))
            }
            "resources/templates/list" => {
                no_cursor(request)?;
                Ok(json!({"resourceTemplates": self.offer.templates()}))
            }
            "resources/subscribe" | "resources/unsubscribe" => self.subscribe(request),
            "prompts/list" => {
                no_cursor(request)?;
                Ok(json!({"prompts": self.offer.prompts()}))
            }
            "prompts/get" => {
                let name = request.text("name")?;
                let prompt = self.offer.prompt(name, &request.object("arguments")?);
                prompt.unwrap_or_else(|| Err(Fault::params(format!("Unknown prompt: {name}"))))
            }
            method => {
                let extra = self.offer.extra(method, &request.params);
                extra.unwrap_or_else(|| Err(era::no_such_method(method)))
            }
        }
    }

    fn initialize(&self, request: &Request) -> Result<Value, Fault> {
        let version = era::negotiated(request.text("protocolVersion")?);
        let declared = request.object("capabilities")?;
        let mut capabilities = self.offer.capabilities();
        if declared.contains_key("extensions") {
            capabilities["extensions"] = self.offer.extensions();
        }
        let mut state = self.state();
        state.negotiated = Some(version);
        state.capabilities = Value::Object(declared);
        Ok(json!({
            "protocolVersion": version,
            "capabilities": capabilities,
            "serverInfo": self.server_info(),
            "instructions": self.offer.identity().instructions,
        }))
    }

    fn discover(&self) -> Value {
        let mut capabilities = self.offer.capabilities();
        capabilities["extensions"] = self.offer.extensions();
        json!({
            "supportedVersions": era::MODERN_VERSIONS,
            "capabilities": capabilities,
            "instructions": self.offer.identity().instructions,
        })
    }

    fn subscribe(&self, request: &Request) -> Result<Value, Fault> {
        if self.offer.capabilities()["resources"]["subscribe"] != json!(true) {
            return Err(era::no_such_method(&request.method));
        }
        let uri = request.text("uri")?;
        let mut state = self.state();
        match &*request.method {
            "resources/subscribe" => state.subscriptions.subscribe(uri),
            _ => state.subscriptions.unsubscribe(uri),
        }
        drop(state);
        self.offer.somebody_listens();
        Ok(json!({}))
    }

    fn listen(&self, request: &Request) -> Result<Reaction, Fault> {
        let capabilities = self.offer.capabilities();
        let can_listen = ["resources", "tools", "prompts"].into_iter().any(|kind| {
            capabilities[kind]["listChanged"] == json!(true)
                || capabilities[kind]["subscribe"] == json!(true)
        });
        if !can_listen {
            return Err(era::no_such_method(&request.method));
        }
        let wanted = request.object("notifications")?;
        let acknowledged = self.state().subscriptions.listen(&request.id, &wanted, &capabilities);
        self.offer.somebody_listens();
        Ok(Reaction::Send(vec![acknowledged]))
    }

    /// Begins the work of a request.
    pub fn start(&self, pending: &Pending, is_cancelled: Arc<AtomicBool>) -> Job {
        let request = &pending.request;
        let line = Line::new(request.progress_token(), is_cancelled);
        let work = self
            .work(pending, &line)
            .unwrap_or_else(|fault| Box::pin(std::future::ready(Err(fault))));
        Job::new(work, line)
    }

    fn work(&self, pending: &Pending, line: &Line) -> Result<Work, Fault> {
        let Pending { request, client, era } = pending;
        let offer = Arc::clone(&self.offer);
        match &*request.method {
            "tools/call" => {
                let name = request.text("name")?.to_owned();
                let arguments = request.object("arguments")?;
                let call = ToolCall { name: name.clone(), arguments, client: client.clone() };
                let unknown = || Fault::params(format!("Unknown tool: {name}"));
                offer.call(call, line).ok_or_else(unknown)
            }
            "resources/list" => {
                let resources = offer.resources(line);
                Ok(Box::pin(async move { Ok(json!({"resources": resources.await?})) }))
            }
            "resources/read" => {
                let uri = request.text("uri")?.to_owned();
                let (contents, era) = (offer.read(uri.clone(), line), *era);
                Ok(Box::pin(async move {
                    let contents = contents.await?;
                    if contents.as_array().is_some_and(|list| !list.is_empty()) {
                        Ok(json!({"contents": contents}))
                    } else {
                        Err(no_such_resource(&uri, era))
                    }
                }))
            }
            _ => {
                let (reference, argument) = (request.object("ref")?, request.object("argument")?);
                if !argument.get("name").is_some_and(Value::is_string) {
                    return Err(Fault::params("completion/complete: 'argument' needs a name"));
                }
                let values = offer.complete(reference, argument, line);
                Ok(Box::pin(async move { Ok(completion(values.await?)) }))
            }
        }
    }

    /// The answer to a request whose work is over.
    pub fn answer(&self, pending: &Pending, result: Result<Value, Fault>) -> Value {
        let id = pending.id();
        match result {
            Err(fault) => message::error(Some(id), &fault),
            Ok(result) if pending.era == Era::Legacy => message::result(id, result),
            Ok(result) => message::result(id, self.modern(&pending.request.method, result)),
        }
    }

    /// What each result of the modern era carries besides.
    fn modern(&self, method: &str, mut result: Value) -> Value {
        if result.get("resultType").is_none() {
            result["resultType"] = json!("complete");
        }
        result["_meta"][SERVER_INFO] = self.server_info();
        let lifetime = match method {
            "server/discover"
            | "tools/list"
            | "prompts/list"
            | "resources/templates/list"
            | "skills/list"
            | "skills/get" => Some(FIXED_MS),
            // What projects are open and what they hold may change at any time.
            "resources/list" | "resources/read" => Some(0),
            _ => None,
        };
        if let Some(lifetime) = lifetime {
            result["ttlMs"] = lifetime.into();
            result["cacheScope"] = json!("private");
        }
        result
    }

    fn server_info(&self) -> Value {
        let identity = self.offer.identity();
        json!({"name": identity.name, "title": identity.title, "version": identity.version})
    }

    /// What is to be sent because a resource changed.
    pub fn resource_updated(&self, uri: &str) -> Vec<Value> {
        self.state().subscriptions.updated(uri)
    }

    /// What is to be sent because a list (`resources`, `tools`, `prompts`) is another one.
    pub fn list_changed(&self, kind: &str) -> Vec<Value> {
        let state = self.state();
        state.subscriptions.list_changed(kind, state.negotiated.is_some())
    }

    /// What is to be sent at the end: those who listen get the results that they waited for.
    pub fn end(&self) -> Vec<Value> {
        let server = self.server_info();
        self.state().subscriptions.end(&server)
    }

    /// What is offered.
    pub fn offer(&self) -> &Arc<O> {
        &self.offer
    }
}

/// All lists fit one page, so no cursor was ever given out.
fn no_cursor(request: &Request) -> Result<(), Fault> {
    match request.params.get("cursor") {
        None | Some(Value::Null) => Ok(()),
        Some(_) => Err(Fault::params("Invalid cursor: it is none of this server")),
    }
}

fn no_such_resource(uri: &str, era: Era) -> Fault {
    let code = match era {
        Era::Legacy => RESOURCE_NOT_FOUND,
        Era::Modern => INVALID_PARAMS,
    };
    Fault::new(code, format!("Resource not found: {uri}")).with(json!({"uri": uri}))
}

/// Values that one completion may hold.
const MOST_VALUES: usize = 100;

fn completion(values: Value) -> Value {
    let values = values.as_array().cloned().unwrap_or_default();
    let total = values.len();
    let shown: Vec<Value> = values.into_iter().take(MOST_VALUES).collect();
    json!({"completion": {"values": shown, "total": total, "hasMore": total > MOST_VALUES}})
}
