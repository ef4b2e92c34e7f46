//! scratch
use clawbutler_policy::*;
use clawbutler_core::action::*;
use std::collections::BTreeMap;
fn q(a:&str)->String{ format!("'{}'", a.replace('\'', "'\\''")) }
fn main(){
 let around=Surroundings{home:"/home/dev".into(),data_dir:"/home/dev/.local/share/clawbutler".into(),guarded:vec!["/home/dev/.claude/settings.json".into()]};
 for file in std::env::args().skip(1) {
  let mut by:BTreeMap<String,(u32,u32)>=BTreeMap::new(); let mut skipped=0; let (mut wrong,mut total)=(0,0);
  let mut out=String::new();
  for line in std::fs::read_to_string(&file).unwrap().lines() {
   let v:serde_json::Value=serde_json::from_str(line).unwrap();
   let i=&v["input"]; let s=|k:&str| i[k].as_str().map(str::to_owned);
   let tool=v["tool"].as_str().unwrap();
   let command = match tool {
     "Bash"|"terminal"|"exec"|"shell_command"|"exec_command" => s("command").or(s("cmd")),
     "shell" => match &i["command"] { serde_json::Value::Array(a)=> { let a:Vec<&str>=a.iter().map(|x|x.as_str().unwrap()).collect(); if a.len()==3 && a[1].ends_with('c') {Some(a[2].to_owned())} else {Some(a.iter().map(|x|q(x)).collect::<Vec<_>>().join(" "))} }, x=>x.as_str().map(str::to_owned)},
     _=>None };
   let Some(command)=command else {skipped+=1; continue};
   let a=Action{runtime:"r".into(),session:"s".into(),agent:None,tool:"Bash".into(),cwd:v["cwd"].as_str().unwrap().into(),mode:"".into(),project:v["project"].as_str().map(str::to_owned),branch:None,remote:None,sandboxed:None,depth:0,effect:Effect::Shell{command:command.clone(),dialect:Dialect::Posix,description:None}};
   let t=std::time::Instant::now();
   let verdict=look(&a,&around);
   if t.elapsed().as_millis()>20 { println!("SLOW {:?} {}",t.elapsed(),&command[..60.min(command.len())]); }
   let asks=verdict.assessment.level>=clawbutler_core::risk::RiskLevel::High;
   let want=v["expect"]!="allow";
   let e=by.entry(v["class"].as_str().unwrap_or("").to_owned()).or_default(); e.1+=1; total+=1;
   if asks!=want { e.0+=1; wrong+=1; out+=&format!("{}\t{}\n   -> {:?} {}\n", v["id"].as_str().unwrap(), command.replace('\n',"⏎"), verdict.assessment.level, verdict.assessment.signals.iter().take(3).map(|s|format!("{}[{}]: {}",s.name,s.level.word(),s.says)).collect::<Vec<_>>().join(" | ")); }
  }
  println!("{out}"); println!("== {file}: {wrong} wrong of {total}, {skipped} skipped");
  for (k,(w,n)) in by { if w>0 {println!("   {k}: {w}/{n}");} }
 }
}
