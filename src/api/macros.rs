//! Declarations that are their own description: a struct of params or results, with the table that
//! `rpc.discover` and the reference page are made from.

/// Declares the params of a method in positional order.
///
/// `name | "synonym": Type = "default as JSON",` with a doc comment that becomes the description.
/// Without a default the param is required, unless its type has a value for "missing".
macro_rules! params {
    (
        $(#[doc = $about:literal])*
        pub struct $type:ident $(<$life:lifetime>)? {
            $(
                $(#[doc = $doc:literal])+
                $name:ident $(| $synonym:literal)* : $kind:ty $(= $default:literal)?
            ),* $(,)?
        }
    ) => {
        $(#[doc = $about])*
        pub struct $type $(<$life>)? {
            $( $(#[doc = $doc])+ pub $name: $kind, )*
        }

        impl<'a> $crate::api::method::Params<'a> for $crate::api::macros::params!(@own $type $(, $life)?) {
            const PARAMS: &'static [$crate::api::Param] = &[
                $( $crate::api::Param {
                    names: &[stringify!($name) $(, $synonym)*],
                    description: concat!($($doc),+),
                    schema: <$kind as $crate::api::ParamType<'a>>::SCHEMA,
                    required: $crate::api::macros::params!(@required $($default)?)
                        && !<$kind as $crate::api::ParamType<'a>>::OPTIONAL,
                    default: $crate::api::macros::params!(@default $($default)?),
                    parts: <$kind as $crate::api::ParamType<'a>>::PARTS,
                    flattened: <$kind as $crate::api::ParamType<'a>>::FLATTENED,
                }, )*
            ];

            #[allow(unused_mut, unused_variables)]
            fn take(args: &mut $crate::api::Args<'a>) -> Result<Self, $crate::api::ParamError> {
                let mut params = <Self as $crate::api::method::Params<'a>>::PARAMS.iter();
                let mut next = || params.next().unwrap_or_else(|| unreachable!());
                Ok(Self {
                    $( $name: $crate::api::ParamType::take_or_default(args, next())?, )*
                })
            }
        }
    };
    (@own $type:ident) => { $type };
    (@own $type:ident, $life:lifetime) => { $type<'a> };
    (@required $default:literal) => { false };
    (@required) => { true };
    (@default $default:literal) => { Some($default) };
    (@default) => { None };
}
pub(crate) use params;

/// Declares an object of a result, with a doc comment on each member that becomes its description.
/// Members of type `Option` are left out when they are `None`. `@derive(Clone, Default)` in front
/// adds traits.
macro_rules! result {
    (
        $(@derive($($derived:ident),+))?
        $(#[doc = $about:literal])*
        pub struct $type:ident $(<$life:lifetime>)? {
            $( $(#[doc = $doc:literal])+ $name:ident $(as $wire:literal)? : $kind:ty ),* $(,)?
        }
    ) => {
        $(#[derive($($derived),+)])?
        $(#[doc = $about])*
        pub struct $type $(<$life>)? {
            $( $(#[doc = $doc])+ pub $name: $kind, )*
        }

        impl $(<$life>)? serde::Serialize for $type $(<$life>)? {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                use $crate::api::member::Member as _;
                let mut map = serde::Serializer::serialize_map(serializer, None)?;
                $(
                    if self.$name.is_there() {
                        serde::ser::SerializeMap::serialize_entry(
                            &mut map,
                            $crate::api::macros::result!(@wire $name $($wire)?),
                            &self.$name,
                        )?;
                    }
                )*
                serde::ser::SerializeMap::end(map)
            }
        }

        impl $(<$life>)? $crate::api::method::ResultType for $type $(<$life>)? {
            const FIELDS: &'static [$crate::api::schema::Field] = &[
                $( $crate::api::schema::Field {
                    name: $crate::api::macros::result!(@wire $name $($wire)?),
                    description: concat!($($doc),+),
                    required: !<$kind as $crate::api::schema::Describe>::OPTIONAL,
                    schema: &<$kind as $crate::api::schema::Describe>::SCHEMA,
                }, )*
            ];

            fn write(&self, out: &mut Vec<u8>) {
                let start = out.len();
                $( $crate::api::member::write_member(
                    $crate::api::macros::result!(@key $name $($wire)?),
                    &self.$name,
                    out,
                ); )*
                $crate::api::member::close_object(start, out);
            }
        }

        impl $(<$life>)? $crate::api::member::Member for $type $(<$life>)? {
            fn write(&self, out: &mut Vec<u8>) {
                $crate::api::method::ResultType::write(self, out);
            }
        }

        impl $(<$life>)? $crate::api::schema::Describe for $type $(<$life>)? {
            const SCHEMA: $crate::api::schema::Schema = $crate::api::schema::Schema::Object(
                <Self as $crate::api::method::ResultType>::FIELDS,
            );
        }
    };
    (@wire $name:ident) => { stringify!($name) };
    (@wire $name:ident $wire:literal) => { $wire };
    (@key $name:ident) => { concat!(",\"", stringify!($name), "\":") };
    (@key $name:ident $wire:literal) => { concat!(",\"", $wire, "\":") };
}
pub(crate) use result;

/// Declares a method: its name, summary, types and example; what a handler is bound to.
macro_rules! method {
    (
        $(#[doc = $summary:literal])+
        $call:ident = $name:literal $(| $alias:literal)*,
        $params:ident $(<$life:lifetime>)? -> $result:ty,
        effect: $effect:ident, lenient: $lenient:literal,
        by_position: $by_position:literal, by_name: $by_name:literal
        $(, errors: $errors:expr)? $(,)?
    ) => {
        $(#[doc = $summary])+
        pub struct $call;

        impl $crate::api::Call for $call {
            type Params<'a> = $crate::api::macros::method!(@params $params $($life)?);
            type Result = $result;
            const METHOD: $crate::api::Method = $crate::api::Method {
                name: $name,
                aliases: &[$($alias),*],
                summary: concat!($($summary),+),
                effect: $crate::api::Effect::$effect,
                lenient: $lenient,
                params: <Self::Params<'static> as $crate::api::method::Params<'static>>::PARAMS,
                result: <$result as $crate::api::method::ResultType>::FIELDS,
                example: $crate::api::Example { by_position: $by_position, by_name: $by_name },
                errors: $crate::api::macros::method!(@errors $($errors)?),
            };
        }
    };
    (@params $params:ident) => { $params };
    (@params $params:ident $life:lifetime) => { $params<'a> };
    (@errors) => { &[] };
    (@errors $errors:expr) => { &$errors };
}
pub(crate) use method;
