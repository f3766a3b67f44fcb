#!/usr/bin/env perl
# Without an SDK: one line of the ledger for each call, written before it is answered.
use strict;
use warnings;
use JSON::PP;

my $json = JSON::PP->new->utf8->canonical;
open my $ledger, '>>', $ENV{SOAK_LEDGER} or die "cannot write the ledger: $!";
$| = 1;

sub heard {
    my ($params) = @_;
    my ($client, $n) = @{ $params->{payload} }{qw(client n)};
    syswrite $ledger, sprintf "%s %s %s %d %d %d\n", @{$params}{qw(event hook)}, $client, $n, $$, $params->{attempt} // 1;
    select undef, undef, undef, 0.02 if $n % 10 == 0;
}

while (defined(my $line = <STDIN>)) {
    my $request = eval { $json->decode($line) } or next;
    my $method = $request->{method} // next;
    last if $method eq 'exit';
    heard($request->{params}) if $method =~ m{^hook/};
    print $json->encode({ jsonrpc => '2.0', id => $request->{id}, result => {} }), "\n" if exists $request->{id};
}
