#!/usr/bin/env perl
# An Outrigger plugin without an SDK, in core Perl: one JSON message a line on stdin and stdout. stderr is the log.
use strict;
use warnings;
use JSON::PP;

my $json = JSON::PP->new->utf8->canonical;
$| = 1;

# The answer to one event. {} means: go on.
sub handle {
    my ($hook, $payload) = @_;
    return {} unless $hook eq 'conda.pre_command';
    print STDERR $json->encode({ about_to_run => $payload->{command} }), "\n";
    return { action => 'modify', changes => { env => { HELLO_PERL => sprintf 'from Perl %vd', $^V } } };
}

sub answer {
    my ($method, $params) = @_;
    return (result => handle($params->{hook}, $params->{payload})) if $method eq 'hook/invoke';
    return (result => {}) if $method =~ /^(initialize|ping|shutdown)$/;
    return (error => { code => -32601, message => qq(Cannot handle "$method": this plugin has no such method) });
}

while (defined(my $line = <STDIN>)) {
    # Half a surrogate pair is legal JSON, but JSON::PP refuses it.
    $line =~ s/(?:\\\\|\\ud[89ab]..\\ud[c-f]..)(*SKIP)(*FAIL)|\\ud[89a-f]../\\ufffd/gi;
    my $request = eval { $json->decode($line) };
    if (ref $request ne 'HASH') { print STDERR "skipped a line that is no message\n"; next }
    my $method = $request->{method} // next;
    last if $method eq 'exit';
    next unless exists $request->{id};
    my %reply = eval { answer($method, $request->{params}) };
    %reply = (error => { code => -32603, message => "$@" }) if $@;
    print $json->encode({ jsonrpc => '2.0', id => $request->{id}, %reply }), "\n";
}
