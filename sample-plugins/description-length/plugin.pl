#!/usr/bin/env perl
# Blocks descriptions that are too long. Without an SDK, in core Perl: one JSON message a line on stdin and stdout.
use strict;
use warnings;
use JSON::PP;

my $json = JSON::PP->new->utf8->canonical;
my $limit = 2000;
$| = 1;

# The answer to one event. {} means: go on.
sub handle {
    my ($payload) = @_;
    my $length = length($payload->{action}{description} // $payload->{action}{text} // '');
    return {} if $length <= $limit;
    my $reason = "The description has $length characters, more than $limit";
    return { action => 'block', violation => { code => 'DESC_LENGTH_001', reason => $reason, details => { length => $length, limit => $limit } } };
}

sub answer {
    my ($method, $params) = @_;
    # "initialize" brings the configuration, "config/changed" a new one; the host has checked it.
    $limit = $params->{config}{limit} if defined $params->{config}{limit};
    return (result => handle($params->{payload})) if $method eq 'hook/invoke';
    return (result => {}) if $method =~ /^(initialize|ping|shutdown|config\/changed)$/;
    return (error => { code => -32601, message => qq(Cannot handle "$method": this plugin has no such method) });
}

while (defined(my $line = <STDIN>)) {
    # Half a surrogate pair is legal JSON, but JSON::PP refuses it.
    $line =~ s/(?:\\\\|\\ud[89ab]..\\ud[c-f]..)(*SKIP)(*FAIL)|\\ud[89a-f]../\\ufffd/gi;
    my $request = eval { $json->decode($line) };
    if (ref $request ne 'HASH') { print STDERR "skipped a line that is no message\n"; next }
    my $method = $request->{method} // next;
    last if $method eq 'exit';
    my %reply = eval { answer($method, $request->{params}) };
    %reply = (error => { code => -32603, message => "$@" }) if $@;
    print $json->encode({ jsonrpc => '2.0', id => $request->{id}, %reply }), "\n" if exists $request->{id};
}
