//! The method by which the API describes itself.

use super::super::ResultType;
use super::super::macros::method;
use super::super::schema::{Describe, Field, Schema};
use super::system::NoParams;

/// An OpenRPC document.
pub struct OpenRpcDocument(pub serde_json::Value);

impl serde::Serialize for OpenRpcDocument {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl ResultType for OpenRpcDocument {
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

method! {
    /// Describes the whole API as an OpenRPC 1.3.2 document.
    Discover = "rpc.discover" | "discover",
    NoParams -> OpenRpcDocument,
    effect: Answer, lenient: false,
    by_position: "[]", by_name: "{}",
}
