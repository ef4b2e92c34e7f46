//! PowerShell, parsed: the parts that matter for what runs. Chains are flat, so that a long one is not deep.

/// Statements in order.
pub(crate) type Script = Vec<Statement>;

#[derive(Debug)]
pub(crate) enum Statement {
    /// Elements joined by `|`. Whether `&&` or `||` stood before it makes no difference.
    Pipeline(Vec<Element>),
    Assign {
        to: Expr,
        /// `=`, `+=`, …
        op: String,
        value: Box<Statement>,
    },
    /// One of these runs, or none: `if`, `switch`, `try`.
    Branch(Vec<Body>),
    /// Runs any number of times.
    Loop {
        /// Variable and what it goes through, for `foreach`.
        each: Option<(String, Box<Statement>)>,
        body: Body,
    },
    /// Runs in place: `process { … }`.
    Group(Script),
    Define {
        name: String,
        block: std::rc::Rc<super::super::value::Block>,
    },
    /// `param(…)`: names and what they are when nothing is given.
    Params(Vec<(String, Option<Expr>)>),
}

/// Statements in braces.
#[derive(Debug)]
pub(crate) struct Body {
    pub(crate) script: Script,
    /// Verbatim, without the braces.
    pub(crate) text: String,
}

/// One stage of a pipeline.
#[derive(Debug)]
pub(crate) enum Element {
    Command(Command),
    Expression { value: Expr, redirects: Vec<Redirect> },
}

#[derive(Debug)]
pub(crate) struct Command {
    /// `&` or `.` before the name.
    pub(crate) call: Option<char>,
    pub(crate) head: Expr,
    pub(crate) args: Vec<Arg>,
    pub(crate) redirects: Vec<Redirect>,
    /// Verbatim.
    pub(crate) text: String,
}

/// Output sent to a file; `None` when it goes to another stream.
#[derive(Debug)]
pub(crate) struct Redirect(pub(crate) Option<Expr>);

#[derive(Debug)]
pub(crate) enum Arg {
    /// `-Name`, `-Name:value`.
    Param(String, Option<Expr>),
    Value(Expr),
    /// `@name`.
    Splat(String),
}

#[derive(Debug)]
pub(crate) enum Expr {
    Text(Vec<Piece>),
    Number(f64),
    /// Lower case, with its scope unless that is `global:` and the like.
    Var(String),
    List(Vec<Expr>),
    Map(Vec<(Expr, Statement)>),
    /// `$(…)`, `@(…)`, `(…)`.
    Sub(Script),
    Block(std::rc::Rc<super::super::value::Block>),
    /// Lower case, without `system.`.
    Type(String),
    /// What follows a value: `.name`, `::name`, `[…]`, `(…)`.
    Steps(Box<Expr>, Vec<Step>),
    /// Operators of one strength, left to right.
    Chain(Box<Expr>, Vec<(String, Expr)>),
    /// Operators before a value, outermost first: `-not`, `-join`, `[char]`.
    Before(Vec<String>, Box<Expr>),
    /// Parts that are evaluated and chosen from: `a ? b : c`.
    Either(Vec<Expr>),
}

#[derive(Debug)]
pub(crate) enum Step {
    Member(Expr),
    Call(Expr, Vec<Expr>),
    Index(Expr),
}

#[derive(Debug)]
pub(crate) enum Piece {
    Plain(String),
    Value(Expr),
}

impl Expr {
    pub(crate) fn plain(text: impl Into<String>) -> Self {
        Self::Text(vec![Piece::Plain(text.into())])
    }
}
