# Prepares folders of root for a sandbox that runs as an ordinary user, in a mount namespace of its own: each is mounted below /mnt so that its
# owner's files belong to the sandbox's user there, and new files belong to the owner on disk. Then becomes that user for ever, and the command.
#   perl stage.pl FD COMMAND…      FD: NUL-separated: uid, then for each mount: source, "ro" or "rw"
# No modules, "strict" included: each would make every start slower by more than half a millisecond.

my %NUMBERS = (
    x86_64  => { unshare => 272, mount => 165, setgroups => 116, setresgid => 119, setresuid => 117, prctl => 157 },
    aarch64 => { unshare => 97,  mount => 40,  setgroups => 159, setresgid => 149, setresuid => 147, prctl => 167 },
);
# The same on every architecture.
my ($OPEN_TREE, $MOVE_MOUNT, $MOUNT_SETATTR) = (428, 429, 442);
my ($CLONE_NEWNS, $CLONE_NEWUSER) = (0x20000, 0x10000000);
my ($MS_REC, $MS_PRIVATE, $MS_NOSUID, $MS_NODEV) = (0x4000, 0x40000, 2, 4);
my ($AT_FDCWD, $AT_EMPTY_PATH, $OPEN_TREE_CLONE, $OPEN_TREE_CLOEXEC) = (-100, 0x1000, 1, 0x80000);
my ($MOVE_MOUNT_F_EMPTY_PATH, $MOUNT_ATTR_IDMAP, $EINVAL, $PR_SET_NO_NEW_PRIVS) = (4, 0x100000, 22, 38);
my $STAGE = '/mnt';

my $action = 'prepare the sandbox';
sub fail { my ($why) = @_; print STDERR "Cannot $action: $why\n"; exit 125 }

sub first_line { my ($file) = @_; open(my $handle, '<', $file) or return; return scalar <$handle> }
chomp(my $machine = first_line('/proc/sys/kernel/arch') // `/usr/bin/uname -m`);
my $numbers = $NUMBERS{$machine} or fail("the machine \"$machine\" is not known; run the host as an ordinary user");
sub call { my ($name, @arguments) = @_; return syscall($numbers->{$name}, @arguments) == 0 }

my $descriptor = shift @ARGV;
open(my $feed, '<&=', $descriptor) or fail("descriptor $descriptor cannot be read: $!");
binmode $feed;
my ($uid, @wanted) = do { local $/; split /\0/, scalar(<$feed>) // '', -1 };
close $feed;
fail('the list of mounts was cut short') unless defined $uid && $uid =~ /^[1-9]\d*$/ && @wanted && pop(@wanted) eq '' && @wanted % 2 == 0;

# The kernel takes a mapping from a user namespace; a child that does nothing else holds one.
my %namespaces;
sub namespace_of {
    my ($owner, $group) = @_;
    return $namespaces{"$owner:$group"} //= do {
        pipe(my $made, my $tell) && pipe(my $wait, my $done) or fail("no pipe: $!");
        my $pid = fork() // fail("no process: $!");
        if ($pid == 0) {
            close $made;
            close $done;
            exit 1 unless call('unshare', $CLONE_NEWUSER);
            syswrite($tell, 'x');
            sysread($wait, my $end, 1);
            exit 0;
        }
        close $tell;
        sysread($made, my $byte, 1) or fail("no user namespace can be made: $!; look at /proc/sys/user/max_user_namespaces");
        for (['uid_map', $owner], ['gid_map', $group]) {
            open(my $map, '>', "/proc/$pid/$_->[0]") or fail("$_->[0] cannot be opened: $!");
            defined syswrite($map, "$_->[1] $uid 1\n") or fail("$_->[0] cannot be written: $!");
        }
        open(my $namespace, '<', "/proc/$pid/ns/user") or fail("its user namespace cannot be opened: $!");
        close $done;
        waitpid $pid, 0;
        $namespace;
    };
}

my ($empty, $root, $type, $private) = ('', '/', 'tmpfs', 'none');
call('unshare', $CLONE_NEWNS) or fail("no mount namespace can be made: $!; the host lacks CAP_SYS_ADMIN: run it as an ordinary user");
call('mount', $private, $root, 0, $MS_REC | $MS_PRIVATE, 0) or fail("mounts cannot be made private: $!");

my @staged;
while (my ($source, $mode) = splice(@wanted, 0, 2)) {
    $action = "prepare \"$source\" for the sandbox";
    my @facts = lstat($source) or fail("$!");
    fail('it is a link') if -l _;
    my $is_folder = -d _;
    my $tree = syscall($OPEN_TREE, $AT_FDCWD, $source, $OPEN_TREE_CLONE | $OPEN_TREE_CLOEXEC);
    fail("it cannot be opened as a mount: $!") if $tree < 0;
    my $attributes = pack('Q4', $MOUNT_ATTR_IDMAP, 0, 0, fileno(namespace_of(@facts[4, 5])));
    if (syscall($MOUNT_SETATTR, $tree, $empty, $AT_EMPTY_PATH, $attributes, length $attributes) != 0) {
        # Without the mapping the files keep their owners: enough to read what everybody may read, never enough to write.
        fail("its file system cannot map owners: $!; move it to ext4, xfs, btrfs or tmpfs, or run the host as an ordinary user")
            unless $! == $EINVAL && $mode eq 'ro';
    }
    push @staged, [$source, $tree, $is_folder];
}

$action = 'prepare the sandbox';
my $options = 'mode=0711,size=65536';
call('mount', $type, $STAGE, $type, $MS_NOSUID | $MS_NODEV, $options) or fail("nothing can be mounted on $STAGE: $!");
for my $index (0 .. $#staged) {
    my ($source, $tree, $is_folder) = @{ $staged[$index] };
    my $target = "$STAGE/$index";
    $is_folder ? mkdir($target, 0755) : open(my $file, '>', $target) or fail("$target cannot be made: $!");
    syscall($MOVE_MOUNT, $tree, $empty, $AT_FDCWD, $target, $MOVE_MOUNT_F_EMPTY_PATH) == 0 or fail("\"$source\" cannot be mounted: $!");
}

# Numbers, for perl passes the address of a string; the capabilities go with the last id of root.
my $user = $uid + 0;
call('setgroups', 0, 0) && call('setresgid', $user, $user, $user) && call('setresuid', $user, $user, $user)
    or fail("the rights of root cannot be given up: $!");
call('prctl', $PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or fail("no_new_privs cannot be set: $!");
exec { $ARGV[0] } @ARGV or fail("\"$ARGV[0]\" cannot be started: $!");
