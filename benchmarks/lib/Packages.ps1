# The programs that jobs use, by the names of the Debian packages that bring them. Nothing is installed here.
$script:packages = @{
    pv = 'pv'; rsync = 'rsync'; python3 = 'python3'; zstd = 'zstd'; strace = 'strace'; time = 'time'; ssh = 'openssh-client'
    scp = 'openssh-client'; sshd = 'openssh-server'; 'mkfs.xfs' = 'xfsprogs'; 'mkfs.btrfs' = 'btrfs-progs'; 'mkfs.ext4' = 'e2fsprogs'
    fincore = 'util-linux'; bash = 'bash'; cmp = 'diffutils'; tar = 'tar'; cpio = 'cpio'; coreutils = 'rust-coreutils'; fpsync = 'fpart'
}

# Why a program cannot be run here, or nothing.
function Get-MissingReason([string[]] $Program) {
    foreach ($name in $Program) {
        $found = [bool](Get-Command $name -CommandType Application -ErrorAction Ignore) -or (Test-Path "/usr/sbin/$name")
        if (-not $found) {
            $package = $script:packages[$name] ?? 'coreutils'
            return "$name is missing: apt-get install $package"
        }
    }

    # os.splice came with Python 3.10.
    if ($Program -contains 'python3' -and "$(python3 -c 'import os; print(hasattr(os, "splice"))')" -ne 'True') {
        'python3 is older than 3.10 and has no os.splice'
    }
}
