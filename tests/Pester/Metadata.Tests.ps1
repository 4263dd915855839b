# The tables of about_Splice_Trees on what is kept: every value of -Preserve beside cp(1) and Copy-Item, and the text itself.

BeforeDiscovery {
    # Name is the first column. For a shell in a folder: Make adds an item, and Get prints what of it is the same in a copy.
    $capability = '0x0100000200040000000000000000000000000000' # CAP_NET_BIND_SERVICE: struct vfs_cap_data of linux/capability.h
    $kept = @(
        @{ Name = 'mode of files'; Make = 'touch mode; chmod 0666 mode'; Get = 'stat --format %a mode' }
        @{ Name = 'mode of folders'; Make = 'mkdir folder; chmod 0777 folder'; Get = 'stat --format %a folder' }
        @{ Name = 'set-ID bits of files'; Make = 'touch set-id; chmod 6755 set-id'; Get = 'stat --format %a set-id' }
        @{ Name = 'set-group-ID of folders'; Make = 'mkdir team; chmod 2755 team'; Get = 'stat --format %a team' }
        @{ Name = 'sticky bit of folders'; Make = 'mkdir sticky; chmod 1755 sticky'; Get = 'stat --format %a sticky' }
        @{ Name = 'mtime of files'; Make = 'touch written'; Get = 'stat --format %y written' }
        @{ Name = 'mtime of folders'; Make = 'mkdir filled'; Get = 'stat --format %y filled' }
        @{ Name = 'atime of files'; Make = 'echo text > read'; Get = 'stat --format %x read' }
        @{ Name = 'owner and group'; Make = 'touch owned; chown 1234:2345 owned'; Get = 'stat --format %u:%g owned' }
        @{ Name = 'user.* attributes'; Make = 'touch user; setfattr -n user.color -v blue user'; Get = 'getfattr -d user' }
        @{ Name = 'trusted.* attributes'
            Make = 'touch trusted; setfattr -n trusted.color -v blue trusted'; Get = 'getfattr -d -m trusted trusted' }
        @{ Name = 'file capabilities'
            Make = "touch capable; setfattr -n security.capability -v $capability capable"; Get = 'getfattr -d -m capability capable' }
        @{ Name = 'access control lists'; Make = 'touch list; setfacl -m u:1234:rw,g::r,m::rw list'; Get = 'getfacl -n -c list' }
        @{ Name = 'default ACLs of folders'; Make = 'mkdir open; setfacl -d -m u:1234:rwx open'; Get = 'getfacl -n -c -d open' }
        @{ Name = 'hard links'; Make = 'touch name; ln name other-name'; Get = 'stat --format %h name' }
        @{ Name = 'symbolic links'; Make = 'touch target; ln -s target link'; Get = 'stat --format %F link' }
        @{ Name = 'holes'; Make = 'truncate --size 8M holes'; Get = 'test $(stat --format %b holes) -lt 1000 && echo yes' }
        @{ Name = 'sockets, devices'
            Make = "mknod device c 1 3; perl -MIO::Socket::UNIX -e 'IO::Socket::UNIX->new(Local => q(socket), Listen => 1)'"
            Get = 'find device socket -printf "%y "' }
        @{ Name = 'flags of chattr(1)'; Make = 'touch flags; chattr +dA flags'; Get = 'lsattr flags' }
    )

    # The same for a file that is replaced.
    $left = @(
        @{ Name = 'mode'; Make = 'chmod 0604 mode'; Get = 'stat --format %a mode' }
        @{ Name = 'owner and group'; Make = 'chown 1234:2345 owned'; Get = 'stat --format %u:%g owned' }
        @{ Name = 'user.* attributes'; Make = 'setfattr -n user.color -v blue user'; Get = 'getfattr -d user' }
        @{ Name = 'entries of its ACL'; Make = 'setfacl -m u:1234:r list'; Get = 'getfacl -n -c list | grep ^user:1234:' }
        @{ Name = 'set-ID bits'; Make = 'chmod 6755 set-id'; Get = 'find set-id -perm /6000' }
        @{ Name = 'file capabilities'
            Make = "setfattr -n security.capability -v $capability capable"; Get = 'getfattr -d -m capability capable' }
        @{ Name = 'other hard links'; Make = 'ln name other-name'; Get = 'stat --format %h name' }
    )
}

Describe 'The tables of about_Splice_Trees' {
    BeforeAll {
        . "$PSScriptRoot/Common.ps1"
        Import-Module "$PSScriptRoot/../../out/Splice"

        $script:missing = if ((id -u) -ne 0) { 'it needs root' }
        elseif (@(Get-Command setfattr, setfacl, mkfs.ext4, perl -ErrorAction Ignore).Count -lt 4) { 'attr, acl, e2fsprogs or perl is not installed' }
        if ($missing) { return }

        # ext4, which has all that the tables name, and no clones.
        $script:mount = "$TestDrive/mount"
        $null = New-Item -ItemType Directory $mount
        truncate --size 256M "$TestDrive/image"
        mkfs.ext4 -q "$TestDrive/image"
        mount -o loop "$TestDrive/image" $mount

        $script:help = Get-Help about_Splice_Trees | Out-String
        # A row of a table in the help: its columns, at least two spaces apart.
        function Get-Row([string] $Section, [string] $Name) {
            $text = [regex]::Match($help, "(?ms)^$Section\r?`n(.*?)^\S").Groups[1].Value
            $line = [regex]::Match($text, "(?m)^    $([regex]::Escape($Name))  +(\S.*\S)\s*$").Groups[1].Value
            $line | Should -Not -BeNullOrEmpty -Because "about_Splice_Trees has a row for $Name"
            $line -split ' {2,}'
        }

        # What each row's Get prints in the folder.
        function Get-Value([object[]] $Rows, [string] $Folder) {
            sh -c ("cd '$Folder'`n" + ($Rows.ForEach{ "echo `$( ($($_.Get)) 2>&1 )" } -join "`n"))
        }

        # By the name of the row: whether both are the same.
        function Compare-Value([object[]] $Rows, [string[]] $Expected, [string[]] $Actual) {
            $Actual.Count | Should -Be $Rows.Count
            $same = @{}
            foreach ($i in 0..($Rows.Count - 1)) { $same[$Rows[$i].Name] = $Actual[$i] -eq $Expected[$i] }
            $same
        }

        $script:values = [enum]::GetNames([Splice.PreserveAttributes]) | Where-Object { $_ -notin 'None', 'All' }
        function Get-AllBut([string] $Value) { ($values | Where-Object { $_ -ne $Value }) -join ', ' }

        # Copies a folder with the tool of a column, or with a value of -Preserve.
        function Copy-By([string] $Tool, [string] $From, [string] $To) {
            switch ($Tool) {
                'default' { Copy-ItemZeroCopy $From $To -Recurse -WarningAction Ignore }
                'cp' { cp -r $From $To }
                'cp -a' { cp -a $From $To }
                'Copy-Item' { Copy-Item $From $To -Recurse -Force -ErrorAction Ignore }
                default { Copy-ItemZeroCopy $From $To -Recurse -Preserve $Tool -WarningAction Ignore }
            }
        }
    }

    AfterAll {
        if (-not $missing) { umount $mount }
    }

    BeforeEach {
        if ($missing) { Set-ItResult -Skipped -Because $missing }
    }

    Context 'what a copy keeps' {
        BeforeAll {
            $script:outcomes = @{}
            function Test-Kept([string] $Tool) {
                if (-not $outcomes[$Tool]) {
                    $copy = "$mount/copy$($outcomes.Count)"
                    # Reading changes the time of the last access, so that it is set before each copy.
                    find $mount/source -mindepth 1 -exec touch --no-dereference --date '2001-02-03 04:05:06.123456789 UTC' '{}' +
                    $expected = Get-Value $Rows $mount/source
                    $null = Copy-By $Tool $mount/source $copy
                    $outcomes[$Tool] = Compare-Value $Rows $expected (Get-Value $Rows $copy)
                }

                $outcomes[$Tool][$Name]
            }

            if ($missing) { return }
            $null = New-Item -ItemType Directory $mount/source
        }

        It 'the source has it: <Name>' -ForEach $kept {
            sh -c "cd $mount/source; $Make"
            sh -c "cd $mount/source; $Get" | Should -Not -BeNullOrEmpty
        }

        It '<Name>' -ForEach $kept.ForEach{ @{ Name = $_.Name; Rows = $kept } } {
            $preserve, $words = Get-Row 'WHAT A COPY KEEPS' $Name
            $measured = foreach ($tool in 'default', 'cp', 'cp -a', 'Copy-Item') { (Test-Kept $tool) ? 'yes' : 'no' }
            $words | Should -Be $measured -Because 'these are the columns of default, cp -r, cp -a and Copy-Item'

            Test-Kept All | Should -Be ($preserve -ne 'never') -Because '-Preserve All keeps all that is kept'
            Test-Kept None | Should -Be ($preserve -eq 'always') -Because '-Preserve None keeps what is kept in any case'
            if ($preserve -notin 'always', 'never', 'All') {
                Test-Kept $preserve | Should -BeTrue -Because "$preserve is enough"
            }

            $needed = $preserve -eq 'All' ? $values : ($preserve -split ', ')
            foreach ($value in $values) {
                $isKept = $preserve -ne 'never' -and $value -notin $needed
                Test-Kept (Get-AllBut $value) | Should -Be $isKept -Because "all but $value is given"
            }
        }
    }

    Context 'what a replaced file leaves' {
        BeforeAll {
            $script:outcomes = @{}
            function Test-Left([string] $Tool) {
                if (-not $outcomes[$Tool]) {
                    $folder = "$mount/replaced$($outcomes.Count)"
                    $null = New-Item -ItemType Directory $folder/new
                    sh -c "cd $folder/new; for f in $files; do echo old > `$f; done; $($Rows.Make -join '; ')"
                    $expected = Get-Value $Rows $folder/new
                    $null = Copy-By $Tool $mount/new $folder
                    Get-Content ($files.Split(' ').ForEach{ "$folder/new/$_" }) | Select-Object -Unique | Should -Be new
                    $outcomes[$Tool] = Compare-Value $Rows $expected (Get-Value $Rows $folder/new)
                }

                $outcomes[$Tool][$Name]
            }

            if ($missing) { return }
            $script:files = 'mode owned user list set-id capable name'
            $null = New-Item -ItemType Directory $mount/new
            sh -c "cd $mount/new; for f in $files; do echo new > `$f; done"
        }

        It '<Name>' -ForEach $left.ForEach{ @{ Name = $_.Name; Rows = $left } } {
            $exception, $words = Get-Row 'WHAT A REPLACED FILE KEEPS' $Name
            $measured = foreach ($tool in 'default', 'cp', 'Copy-Item') { (Test-Left $tool) ? 'yes' : 'no' }
            $words | Should -Be $measured -Because 'these are the columns of default, cp and Copy-Item'

            Test-Left None | Should -Be ($exception -ne 'never') -Because '-Preserve None changes as little as possible'
            foreach ($value in $values) {
                Test-Left $value | Should -Be ($exception -notin 'never', $value) -Because "$value is given"
            }
        }
    }

    It 'a folder gives its flag to new files, whatever the source has: +C of btrfs' {
        if (-not (Get-Command mkfs.btrfs -ErrorAction Ignore)) { Set-ItResult -Skipped -Because 'btrfs-progs is not installed' }
        $folder = New-Item -ItemType Directory $mount/btrfs
        truncate --size 128M "$TestDrive/btrfs"
        mkfs.btrfs -q "$TestDrive/btrfs"
        mount -o loop "$TestDrive/btrfs" $folder
        try {
            $null = New-Item -ItemType Directory $folder/with, $folder/without
            chattr +C $folder/with
            foreach ($name in 'with', 'without') { [IO.File]::WriteAllBytes("$folder/$name/file", (Get-TestByte 100000)) }
            foreach ($from in 'with', 'without') {
                foreach ($to in 'with', 'without') {
                    Copy-ItemZeroCopy $folder/$from/file $folder/$to/ours-$from -Preserve All
                    cp -a $folder/$from/file $folder/$to/theirs-$from
                    Get-Hash $folder/$to/ours-$from | Should -Be (Get-Hash $folder/$from/file)
                    $flags = (lsattr $folder/$to/ours-$from).Split(' ')[0]
                    $flags | Should -Be (lsattr $folder/$to/theirs-$from).Split(' ')[0]
                    $flags.Contains('C') | Should -Be ($to -eq 'with')
                }
            }
        }
        finally {
            umount $folder
        }
    }
}
