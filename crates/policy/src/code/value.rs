//! What an expression stands for, as far as that can be told.

/// A value that may be known in part.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) enum Value {
    /// Only known at run time.
    #[default]
    Unknown,
    /// `None`, `null`, `undef`, an argument that is not there.
    Nothing,
    Flag(bool),
    Number(i64),
    /// A text; values put in at run time stand in it as [`ANY`] or [`PART`].
    Text(String),
    List(Vec<Value>),
    /// A literal table, in its order.
    Map(Vec<(String, Value)>),
    /// A row of values that are all like this one.
    Each(Box<Value>),
    /// One of these.
    OneOf(Vec<Value>),
    /// A module, a function, a class by its full name: `os.path.join`.
    Item(String),
    /// Something made by the library, and the text that made it.
    Made(Made, String),
    /// A function of the program: which text and which function in it.
    Local(usize, usize),
    /// A method taken from a value but not called yet.
    Bound(Box<Value>, String),
}

/// What the library made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Made {
    /// A path as an object.
    Path,
    /// An open file.
    File,
    /// A connection to a database or a cursor of one.
    Database,
    Socket,
    /// A client for web requests.
    Http,
    /// A request that is not sent yet; with data.
    Request,
    /// The whole environment.
    Environment,
    /// A server or web application.
    Server,
    /// A running program.
    Process,
    /// A running program that is not ours.
    OtherProcess,
    /// An archive.
    Archive,
    /// Takes an attribute or calls a method by name.
    Getter,
    /// A connection to another machine.
    Remote,
    /// A pattern.
    Pattern,
}

/// Stands in a text for any value.
pub(super) const ANY: char = '\u{f8f0}';
/// Stands in a text for a value without a slash: a name in a folder, a number.
pub(super) const PART: char = '\u{f8f1}';
/// Alternatives kept of one value.
const MOST: usize = 32;
/// Deepest nesting kept of a value that has a name.
const DEEPEST: usize = 12;
/// Largest value that has a name.
const LARGEST: usize = 8_192;
/// Longest text that is kept (bytes).
const LONGEST: usize = 64 * 1024;

impl Value {
    pub(super) fn text(text: &str) -> Self {
        Self::Text(text.to_owned())
    }

    pub(super) fn any_text() -> Self {
        Self::Text(ANY.to_string())
    }

    /// One of two; what is the same or nothing is not kept twice.
    pub(super) fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Nothing, other) | (other, Self::Nothing) => other,
            (one, other) if one == other => one,
            (one, other) => {
                let mut all = Vec::new();
                for value in [one, other] {
                    match value {
                        Self::OneOf(values) => all.extend(values),
                        value => all.push(value),
                    }
                }
                let mut kept: Vec<Self> = Vec::with_capacity(all.len());
                for value in all {
                    if !kept.contains(&value) {
                        kept.push(value);
                    }
                }
                if kept.len() > MOST {
                    // Functions must not be lost among many.
                    kept.retain(|value| matches!(value, Self::Item(_) | Self::Local(..) | Self::Bound(..)));
                    kept.truncate(MOST);
                    kept.push(Self::Unknown);
                }
                if kept.len() == 1 { kept.remove(0) } else { Self::OneOf(kept) }
            }
        }
    }

    /// Each possibility.
    pub(super) fn each(&self) -> &[Self] {
        match self {
            Self::OneOf(values) => values,
            one => std::slice::from_ref(one),
        }
    }

    /// Applies `f` to each possibility.
    pub(super) fn map(self, mut f: impl FnMut(Self) -> Self) -> Self {
        match self {
            Self::OneOf(values) => values.into_iter().map(f).fold(Self::Nothing, Self::or),
            one => f(one),
        }
    }

    /// What a member is when it is not known which one.
    pub(super) fn element(&self) -> Self {
        match self {
            Self::List(values) => values.iter().cloned().fold(Self::Nothing, Self::or).known_or_unknown(),
            Self::Each(value) => (**value).clone(),
            Self::Map(pairs) => {
                pairs.iter().map(|(key, _)| Self::text(key)).fold(Self::Nothing, Self::or).known_or_unknown()
            }
            Self::OneOf(values) => values.iter().map(Self::element).fold(Self::Nothing, Self::or),
            _ => Self::Unknown,
        }
    }

    /// What a member is, or the value itself when it is none of a row.
    pub(super) fn element_or_self(&self) -> Self {
        if matches!(self, Self::List(_) | Self::Each(_)) { self.element() } else { self.clone() }
    }

    fn known_or_unknown(self) -> Self {
        if self == Self::Nothing { Self::Unknown } else { self }
    }

    /// As a text, with holes for what is not known.
    pub(super) fn to_text(&self) -> String {
        match self {
            Self::Text(text) | Self::Made(Made::Path, text) => text.clone(),
            Self::Number(number) => number.to_string(),
            Self::Flag(_) => PART.to_string(),
            _ => ANY.to_string(),
        }
    }

    /// The text, when all of it is known.
    pub(super) fn known(&self) -> Option<&str> {
        match self {
            Self::Text(text) if !has_hole(text) => Some(text),
            _ => None,
        }
    }

    /// Whether it holds for sure, or does not.
    pub(super) fn truth(&self) -> Option<bool> {
        match self {
            Self::Nothing => Some(false),
            Self::Flag(flag) => Some(*flag),
            Self::Number(number) => Some(*number != 0),
            Self::Text(text) => Some(!text.is_empty()),
            _ => None,
        }
    }

    pub(super) fn is_callable(&self) -> bool {
        self.each().iter().any(|value| matches!(value, Self::Item(_) | Self::Local(..) | Self::Bound(..)))
    }

    /// Itself, or unknown when it is nested too deep or too large to be carried along.
    pub(super) fn bounded(self) -> Self {
        if self.is_deeper_than(DEEPEST) || self.size() > LARGEST { Self::Unknown } else { self }
    }

    fn is_deeper_than(&self, depth: usize) -> bool {
        let deeper = |value: &Self| depth == 0 || value.is_deeper_than(depth - 1);
        match self {
            Self::List(values) | Self::OneOf(values) => values.iter().any(deeper),
            Self::Map(pairs) => pairs.iter().any(|(_, value)| deeper(value)),
            Self::Each(value) | Self::Bound(value, _) => deeper(value),
            _ => false,
        }
    }

    /// Rough size, for what copying it costs.
    pub(super) fn size(&self) -> usize {
        match self {
            Self::Text(text) | Self::Item(text) | Self::Made(_, text) => text.len() / 32,
            Self::List(values) | Self::OneOf(values) => values.iter().map(|value| 1 + value.size()).sum(),
            Self::Map(pairs) => pairs.iter().map(|(_, value)| 2 + value.size()).sum(),
            Self::Each(value) | Self::Bound(value, _) => 1 + value.size(),
            _ => 0,
        }
    }
}

pub(super) fn has_hole(text: &str) -> bool {
    text.contains([ANY, PART])
}

/// Texts joined; over the bound what is joined is not known any more.
pub(super) fn joined(mut left: String, right: &str) -> String {
    if left.len() + right.len() > LONGEST {
        return ANY.to_string();
    }
    left.push_str(right);
    left
}

/// Combines each possibility of one with each of the other.
pub(super) fn pairs(left: Value, right: Value, f: impl Fn(&Value, &Value) -> Value) -> Value {
    if left.each().len() * right.each().len() > MOST {
        return Value::Unknown;
    }
    let mut result = Value::Nothing;
    for one in left.each() {
        for other in right.each() {
            result = result.or(f(one, other));
        }
    }
    result
}
