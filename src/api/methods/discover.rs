//! The method by which the API describes itself.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::super::ResultType;
use super::super::macros::{method, params};
use super::super::schema::{Describe, Field, Schema};

/// An OpenRPC document, as the text that it is kept as.
pub struct OpenRpcDocument(pub Cow<'static, str>);

impl serde::Serialize for OpenRpcDocument {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let raw: Result<&RawValue, _> = serde_json::from_str(&self.0);
        raw.map_err(serde::ser::Error::custom)?.serialize(serializer)
    }
}

impl ResultType for OpenRpcDocument {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.0.as_bytes());
    }

    const FIELDS: &'static [Field] = &[
        Field {
            name: "openrpc",
            description: "The version of OpenRPC that the document follows.",
            required: true,
            schema: &Schema::Text,
        },
        Field {
            name: "info",
            description: "Title, version and licence of the API.",
            required: true,
            schema: &Schema::Map(&Schema::Any),
        },
        Field {
            name: "methods",
            description: "Every method: params, result, errors and examples.",
            required: true,
            schema: &Schema::List(&Schema::Map(&Schema::Any), 0, usize::MAX),
        },
    ];
}

impl Describe for OpenRpcDocument {
    const SCHEMA: Schema = Schema::Object(Self::FIELDS);
}

params! {
    /// What to describe.
    pub struct DiscoverParams<'a> {
        /// This method alone, in brief.
        method: Option<Cow<'a, str>>,
        /// This operation of goxel.edit alone, in brief.
        op: Option<Cow<'a, str>>,
    }
}

method! {
    /// Describes the whole API as an OpenRPC 1.3.2 document.
    Discover = "rpc.discover" | "discover",
    DiscoverParams<'a> -> OpenRpcDocument,
    effect: Answer, lenient: false,
    by_position: "[]", by_name: "{}",
}
