//! scratch
use clawbutler_policy::*;
use clawbutler_core::action::*;
fn main(){
 let around=Surroundings{home:"/home/u".into(),data_dir:"/home/u/.local/share/clawbutler".into(),guarded:vec![]};
 let mut args=std::env::args().skip(1); let d=match args.next().unwrap().as_str(){"ps"=>Dialect::Powershell,"cmd"=>Dialect::Cmd,_=>Dialect::Posix};
 for t in args { let a=Action{runtime:"r".into(),session:"s".into(),agent:None,tool:"Bash".into(),cwd:"/home/u/p".into(),mode:"".into(),project:None,branch:None,remote:None,sandboxed:None,depth:0,effect:Effect::Shell{command:t.clone(),dialect:d,description:None}};
  let l=look(&a,&around); println!("{t}\n  {:?}",l.assessment.level); for s in l.assessment.signals {println!("   {} {} {} {:?}",s.level.word(),s.name,s.says,s.part);} for p in l.parts {println!("   part {} {:?} via {:?} {:?}",p.program,p.args,p.via,p.level);} }
}
