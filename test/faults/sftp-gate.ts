/**
 * The gate for hosts that give SFTP and nothing else: a program between the session and Debian's sftp-server stops each request that changes
 * something, and the answer to it, and asks as a command with a shell does. Signs of life are nobody's step.
 */

/** Of requests that come by the hundred, one in so many stops. */
const ONE_IN = 40;

/** @param folder the gate's own, with the pipe `asked` and perhaps the file `armed` */
export function sftpGate(folder: string): string {
  return `#!/usr/bin/perl
use strict;
use IPC::Open2;
use IO::Handle;
use POSIX qw(mkfifo);
my $folder = '${folder}';
my $pid = open2(my $from, my $to, '/usr/lib/openssh/sftp-server');
binmode $_ for (*STDIN, *STDOUT, $from, $to);
$to->blocking(0);
*STDOUT->blocking(0);
my %names = (13 => 'remove', 14 => 'mkdir', 15 => 'rmdir', 16 => 'look', 18 => 'rename', 20 => 'link');
my ($asked, $many, %held) = (0, 0);

sub ask {
  my ($what) = @_;
  return unless -e "$folder/armed";
  my $go = "$folder/go.$$." . $asked++;
  mkfifo($go, 0600) or return;
  open(my $answer, '+<', $go) or return;
  open(my $pipe, '>', "$folder/asked") or return;
  syswrite $pipe, "$go $what\\n";
  close $pipe;
  my $line = <$answer>;
  unlink $go;
}

# What a request is called at the gate; nothing: it does not stop there.
sub called {
  my ($packet) = @_;
  return if length $packet < 9;
  my ($type, $id, $word) = unpack('C N N/a', $packet);
  return if $word =~ m{/lock/alive|/clock-[0-9a-f]+$};
  return $names{$type} if $names{$type};
  if ($type == 3) {
    my $flags = unpack('N', substr($packet, 9 + length $word, 4));
    return if !($flags & 2) || ($word =~ m{/staged/} && $many++ % ${ONE_IN});
    return 'write';
  }
  return 'list' if $type == 11 && !($many++ % ${ONE_IN});
  return 'rename' if $type == 200 && $word =~ /^posix-rename/;
  return;
}

sub packet {
  my ($buffer) = @_;
  return if length $$buffer < 4;
  my $size = unpack('N', $$buffer);
  return if length $$buffer < 4 + $size;
  my $packet = substr($$buffer, 4, $size);
  substr($$buffer, 0, 4 + $size) = '';
  return $packet;
}

my ($in, $out, $back, $forth, $open) = ('', '', '', '', 1);
while (1) {
  my ($r, $w) = ('', '');
  vec($r, fileno(STDIN), 1) = 1 if $open && length $out < 4_000_000;
  vec($r, fileno($from), 1) = 1 if length $forth < 4_000_000;
  vec($w, fileno($to), 1) = 1 if length $out;
  vec($w, fileno(STDOUT), 1) = 1 if length $forth;
  select($r, $w, undef, undef) < 0 and next;
  if (vec($r, fileno(STDIN), 1)) {
    $open = 0 if !sysread(STDIN, $in, 65536, length $in);
    while (defined(my $packet = packet(\\$in))) {
      my $name = called($packet);
      if (defined $name) {
        $held{unpack('x N', $packet)} = $name if $name !~ /^(look|list)$/;
        ask("before-$name");
      }
      $out .= pack('N/a', $packet);
    }
  }
  if (vec($r, fileno($from), 1)) {
    last if !sysread($from, $back, 65536, length $back);
    while (defined(my $packet = packet(\\$back))) {
      my $name = unpack('C', $packet) == 2 ? undef : delete $held{unpack('x N', $packet)};
      ask("after-$name") if defined $name;
      $forth .= pack('N/a', $packet);
    }
  }
  if (length $out && vec($w, fileno($to), 1)) {
    my $sent = syswrite $to, $out;
    substr($out, 0, $sent) = '' if defined $sent;
  }
  if (length $forth && vec($w, fileno(STDOUT), 1)) {
    my $sent = syswrite STDOUT, $forth;
    last if !defined $sent && !$!{EAGAIN};
    substr($forth, 0, $sent) = '' if defined $sent;
  }
  if (!$open && !length $out) {
    close $to;
    last;
  }
}
kill 'KILL', $pid;
`;
}
