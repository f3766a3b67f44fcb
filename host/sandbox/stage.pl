# Prepares folders of root for a sandbox that runs as an ordinary user, in a mount namespace of its own: each is mounted below /mnt so that its
# owner's files belong to the sandbox's user there, and new files belong to the owner on disk. Then becomes the command.
#   perl stage.pl FD COMMAND…      FD: NUL-separated: uid, then for each mount: source, "ro" or "rw"
use strict;
use warnings;

my %NUMBERS = (
    x86_64  => { unshare => 272, mount => 165 },
    aarch64 => { unshare => 97,  mount => 40 },
);
# The same on every architecture.
use constant { OPEN_TREE => 428, MOVE_MOUNT => 429, MOUNT_SETATTR => 442 };
use constant { CLONE_NEWNS => 0x20000, CLONE_NEWUSER => 0x10000000 };
use constant { MS_REC => 0x4000, MS_PRIVATE => 0x40000, MS_NOSUID => 2, MS_NODEV => 4 };
use constant { AT_FDCWD => -100, AT_EMPTY_PATH => 0x1000, OPEN_TREE_CLONE => 1, OPEN_TREE_CLOEXEC => 0x80000 };
use constant { MOVE_MOUNT_F_EMPTY_PATH => 4, MOUNT_ATTR_IDMAP => 0x100000, EINVAL => 22 };
use constant STAGE => '/mnt';

my $action = 'prepare the sandbox';
sub fail { my ($why) = @_; print STDERR "Cannot $action: $why\n"; exit 125 }

sub first_line { my ($file) = @_; open(my $handle, '<', $file) or return; return scalar <$handle> }
chomp(my $machine = first_line('/proc/sys/kernel/arch') // `/usr/bin/uname -m`);
my $numbers = $NUMBERS{$machine} or fail("the machine \"$machine\" is not known; run the host as an ordinary user");

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
            exit 1 unless syscall($numbers->{unshare}, CLONE_NEWUSER) == 0;
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
syscall($numbers->{unshare}, CLONE_NEWNS) == 0 or fail("no mount namespace can be made: $!; the host lacks CAP_SYS_ADMIN: run it as an ordinary user");
syscall($numbers->{mount}, $private, $root, 0, MS_REC | MS_PRIVATE, 0) == 0 or fail("mounts cannot be made private: $!");

my @staged;
while (my ($source, $mode) = splice(@wanted, 0, 2)) {
    $action = "prepare \"$source\" for the sandbox";
    my @facts = lstat($source) or fail("$!");
    fail('it is a link') if -l _;
    my $tree = syscall(OPEN_TREE, AT_FDCWD, $source, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    fail("it cannot be opened as a mount: $!") if $tree < 0;
    my $attributes = pack('Q4', MOUNT_ATTR_IDMAP, 0, 0, fileno(namespace_of(@facts[4, 5])));
    if (syscall(MOUNT_SETATTR, $tree, $empty, AT_EMPTY_PATH, $attributes, length $attributes) != 0) {
        # Without the mapping the files keep their owners: enough to read what everybody may read, never enough to write.
        fail("its file system cannot map owners: $!; move it to ext4, xfs, btrfs or tmpfs, or run the host as an ordinary user")
            unless $! == EINVAL && $mode eq 'ro';
    }
    push @staged, [$source, $tree, -d _];
}

$action = 'prepare the sandbox';
my ($stage, $options) = (STAGE, 'mode=0711,size=65536');
syscall($numbers->{mount}, $type, $stage, $type, MS_NOSUID | MS_NODEV, $options) == 0 or fail("nothing can be mounted on $stage: $!");
for my $index (0 .. $#staged) {
    my ($source, $tree, $is_folder) = @{ $staged[$index] };
    my $target = STAGE . "/$index";
    $is_folder ? mkdir($target, 0755) : open(my $file, '>', $target) or fail("$target cannot be made: $!");
    syscall(MOVE_MOUNT, $tree, $empty, AT_FDCWD, $target, MOVE_MOUNT_F_EMPTY_PATH) == 0 or fail("\"$source\" cannot be mounted: $!");
}
exec { $ARGV[0] } @ARGV or fail("\"$ARGV[0]\" cannot be started: $!");
