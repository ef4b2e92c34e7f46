//! Reads Rust source into what a document needs: names, comments, fields and their JSON form.

use anyhow::{Context, Result};
use syn::{Attribute, Expr, Fields, Item as Syntax, Lit, Meta, Type};

/// A public type or constant of `wire`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Item {
    pub(crate) module: String,
    pub(crate) name: String,
    pub(crate) doc: String,
    pub(crate) shape: Shape,
}

/// What the JSON looks like.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    Object(Vec<Field>),
    /// One of these words.
    Words(Vec<Word>),
    /// An object whose field `tag` says which.
    Tagged {
        tag: String,
        variants: Vec<Variant>,
    },
    /// Another type by its own name.
    Alias(String),
    /// A text constant.
    Text(String),
    /// Not derived; the comment says it.
    Opaque,
}

/// A field of an object.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) required: bool,
    pub(crate) doc: String,
}

/// One word of a closed list.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Word {
    pub(crate) word: String,
    pub(crate) doc: String,
}

/// One form of a tagged object.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Variant {
    pub(crate) word: String,
    pub(crate) doc: String,
    pub(crate) fields: Vec<Field>,
}

/// Reads one module.
pub(crate) fn read(module: &str, source: &str) -> Result<Vec<Item>> {
    let mut items = Vec::new();
    for item in syn::parse_file(source)?.items {
        let (name, attributes, shape) = match &item {
            Syntax::Struct(it) if is_public(&it.vis) => (&it.ident, &it.attrs, object(it)?),
            Syntax::Enum(it) if is_public(&it.vis) => (&it.ident, &it.attrs, choice(it)?),
            Syntax::Type(it) if is_public(&it.vis) => (&it.ident, &it.attrs, Shape::Alias(kind(&it.ty)?)),
            Syntax::Const(it) if is_public(&it.vis) => match &*it.expr {
                Expr::Lit(literal) => (&it.ident, &it.attrs, Shape::Text(literal_text(&literal.lit))),
                _ => continue,
            },
            _ => continue,
        };
        items.push(Item { module: module.to_owned(), name: name.to_string(), doc: doc(attributes), shape });
    }
    Ok(items)
}

fn is_public(visibility: &syn::Visibility) -> bool {
    matches!(visibility, syn::Visibility::Public(_))
}

fn object(item: &syn::ItemStruct) -> Result<Shape> {
    match &item.fields {
        Fields::Named(_) => Ok(Shape::Object(fields(&item.fields, Serde::of(&item.attrs)?.default)?)),
        Fields::Unit | Fields::Unnamed(_) => Ok(Shape::Opaque),
    }
}

fn choice(item: &syn::ItemEnum) -> Result<Shape> {
    let serde = Serde::of(&item.attrs)?;
    let snake = serde.rename_all.as_deref() == Some("snake_case");
    let word = |name: &syn::Ident| if snake { snake_case(&name.to_string()) } else { name.to_string() };
    let Some(tag) = serde.tag else {
        let words = item.variants.iter().map(|v| Word { word: word(&v.ident), doc: doc(&v.attrs) });
        return Ok(Shape::Words(words.collect()));
    };
    let variant = |v: &syn::Variant| -> Result<Variant> {
        Ok(Variant { word: word(&v.ident), doc: doc(&v.attrs), fields: fields(&v.fields, false)? })
    };
    Ok(Shape::Tagged { tag, variants: item.variants.iter().map(variant).collect::<Result<_>>()? })
}

fn fields(fields: &Fields, all_default: bool) -> Result<Vec<Field>> {
    let field = |field: &syn::Field| -> Result<Field> {
        let serde = Serde::of(&field.attrs)?;
        let name = field.ident.as_ref().context("a field without a name")?.to_string();
        let kind = kind(&field.ty)?;
        let required = !(all_default || serde.default || kind.ends_with(" or null"));
        Ok(Field { name, kind, required, doc: doc(&field.attrs) })
    };
    fields.iter().map(field).collect()
}

/// The `serde` attributes that change the JSON.
#[derive(Default)]
struct Serde {
    default: bool,
    rename_all: Option<String>,
    tag: Option<String>,
}

impl Serde {
    fn of(attributes: &[Attribute]) -> Result<Self> {
        let mut serde = Self::default();
        for attribute in attributes.iter().filter(|a| a.path().is_ident("serde")) {
            attribute.parse_nested_meta(|meta| {
                let name = meta.path.get_ident().map(ToString::to_string).unwrap_or_default();
                let value = match meta.value() {
                    Ok(value) => Some(value.parse::<syn::LitStr>()?.value()),
                    Err(_) => None,
                };
                match name.as_str() {
                    "default" => serde.default = true,
                    "rename_all" => serde.rename_all = value,
                    "tag" => serde.tag = value,
                    "skip_serializing_if" => {}
                    // A document that silently ignored one would be wrong.
                    // Changes what is refused, not what is written.
                    "deny_unknown_fields" => {}
                    other => return Err(meta.error(format!("xtask does not know serde's `{other}` yet"))),
                }
                Ok(())
            })?;
        }
        Ok(serde)
    }
}

/// A type as JSON people name it.
fn kind(ty: &Type) -> Result<String> {
    let Type::Path(path) = ty else { anyhow::bail!("a type that is not a path") };
    let last = path.path.segments.last().context("a type without a name")?;
    let inner = match &last.arguments {
        syn::PathArguments::AngleBracketed(arguments) => match arguments.args.first() {
            Some(syn::GenericArgument::Type(inner)) => Some(kind(inner)?),
            _ => None,
        },
        syn::PathArguments::None | syn::PathArguments::Parenthesized(_) => None,
    };
    let name = last.ident.to_string();
    Ok(match (name.as_str(), inner) {
        ("Option", Some(inner)) => format!("{inner} or null"),
        ("Vec", Some(inner)) => format!("list of {inner}"),
        ("String", None) => "string".to_owned(),
        ("bool", None) => "true or false".to_owned(),
        ("u8" | "u16" | "u32" | "u64" | "i64" | "i32", None) => "integer".to_owned(),
        ("f64" | "f32", None) => "number".to_owned(),
        ("Value", None) => "any JSON".to_owned(),
        (_, None) => format!("[{name}](#{})", name.to_lowercase()),
        (other, Some(_)) => anyhow::bail!("xtask does not know how `{other}<…>` looks in JSON yet"),
    })
}

fn doc(attributes: &[Attribute]) -> String {
    let mut lines = Vec::new();
    for attribute in attributes {
        if let Meta::NameValue(pair) = &attribute.meta
            && pair.path.is_ident("doc")
            && let Expr::Lit(literal) = &pair.value
            && let Lit::Str(text) = &literal.lit
        {
            lines.push(text.value().trim().to_owned());
        }
    }
    plain_links(lines.join(" ").trim())
}

/// Links within Rust documentation lead nowhere outside it: [`a::B`] becomes `B`.
fn plain_links(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("[`") {
        let Some((path, tail)) = after.split_once("`]") else { break };
        let (parent, name) = path.rsplit_once("::").unwrap_or(("", path));
        let _ = parent;
        plain.push_str(before);
        plain.push_str(&format!("`{name}`"));
        rest = tail;
    }
    plain + rest
}

fn literal_text(literal: &Lit) -> String {
    match literal {
        Lit::Str(text) => text.value(),
        Lit::Int(number) => number.base10_digits().to_owned(),
        _ => String::new(),
    }
}

/// As serde does it: an underscore before each capital but the first.
fn snake_case(name: &str) -> String {
    let mut snake = String::new();
    for (index, c) in name.char_indices() {
        if c.is_ascii_uppercase() && index > 0 {
            snake.push('_');
        }
        snake.push(c.to_ascii_lowercase());
    }
    snake
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(source: &str) -> Item {
        read("m", source).unwrap().remove(0)
    }

    #[test]
    fn fields_carry_type_need_and_comment() {
        let item = one(
            "/// A thing.\npub struct A { pub id: String, /// How many.\n #[serde(default)] pub n: u32, pub of: Option<Vec<B>> }",
        );
        assert_eq!(item.doc, "A thing.");
        let field = |name: &str, kind: &str, required, doc: &str| Field {
            name: name.to_owned(),
            kind: kind.to_owned(),
            required,
            doc: doc.to_owned(),
        };
        let expected = [
            field("id", "string", true, ""),
            field("n", "integer", false, "How many."),
            field("of", "list of [B](#b) or null", false, ""),
        ];
        assert_eq!(item.shape, Shape::Object(expected.into()));
    }

    #[test]
    fn enums_become_words_or_tagged_objects() {
        let item = one("#[serde(rename_all = \"snake_case\")] pub enum A { AllowOnce, Deny }");
        let Shape::Words(words) = item.shape else { panic!("not words") };
        assert_eq!(words.iter().map(|w| w.word.as_str()).collect::<Vec<_>>(), ["allow_once", "deny"]);
        let item = one("#[serde(tag = \"show\", rename_all = \"snake_case\")] pub enum A { Diff { path: String } }");
        let Shape::Tagged { tag, variants } = item.shape else { panic!("not tagged") };
        assert_eq!((tag.as_str(), variants[0].word.as_str(), variants[0].fields.len()), ("show", "diff", 1));
    }

    #[test]
    fn what_is_not_understood_is_an_error() {
        assert!(read("m", "pub struct A { #[serde(flatten)] pub b: B }").is_err());
        assert!(read("m", "pub struct A { pub b: HashMap<String, u8> }").is_err());
    }

    #[test]
    fn rust_links_become_plain_names() {
        assert_eq!(plain_links("With [`Verdict::Unavailable`] and [`VERSION`]."), "With `Unavailable` and `VERSION`.");
    }
}
