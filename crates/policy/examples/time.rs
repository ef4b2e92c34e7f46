//! scratch
use clawbutler_policy::*;
use clawbutler_core::action::*;
fn main(){
 let around=Surroundings{home:"/home/u".into(),data_dir:"/home/u/.local/share/clawbutler".into(),guarded:vec![]};
 for c in ["ls","git status && git diff | head -50","cd web && npm run build 2>&1 | tail -40","for f in $(git ls-files '*.rs'); do grep -n foo \"$f\"; done","python3 -c \"import json,sys; print(json.load(sys.stdin)['a'])\""] {
  let a=Action{runtime:"r".into(),session:"s".into(),agent:None,tool:"Bash".into(),cwd:"/home/u/p".into(),mode:"".into(),project:None,branch:None,remote:None,sandboxed:None,depth:0,effect:Effect::Shell{command:c.into(),dialect:Dialect::Posix,description:None}};
  for _ in 0..200 { look(&a,&around); }
  let t=std::time::Instant::now();
  for _ in 0..2000 { std::hint::black_box(look(&a,&around)); }
  println!("{:?} {c}", t.elapsed()/2000);
  let t=std::time::Instant::now();
  for _ in 0..2000 { let mut p=brush_parser::Parser::new(c.as_bytes(), &brush_parser::ParserOptions::default()); std::hint::black_box(p.parse_program().ok()); }
  println!("   parse {:?}", t.elapsed()/2000);
 }
}
