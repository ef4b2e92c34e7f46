//! Stub.
use crate::code::follow::{Args, Follower};
use crate::code::value::Value;
pub(super) fn statement(f: &mut Follower<'_, '_, '_>) {
    f.expression();
}
pub(super) fn name(f: &mut Follower<'_, '_, '_>, name: &str) -> Value {
    f.at += 1;
    Value::Item(name.into())
}
pub(super) fn call(_f: &mut Follower<'_, '_, '_>, _path: &str, _args: &Args) -> Option<Value> {
    None
}
pub(super) fn method(_f: &mut Follower<'_, '_, '_>, _r: &Value, _name: &str, _args: &Args) -> Option<Value> {
    None
}
pub(super) fn attribute(_f: &mut Follower<'_, '_, '_>, _r: &Value, _name: &str) -> Option<Value> {
    None
}
pub(super) fn index(_f: &mut Follower<'_, '_, '_>, _v: &Value, _k: &Value) -> Option<Value> {
    None
}
pub(super) fn entry(_f: &mut Follower<'_, '_, '_>, _e: &mut Vec<(String, Value)>) -> bool {
    false
}
