BeforeAll {
    . "$PSScriptRoot/Common.ps1"
    Import-Module "$PSScriptRoot/../../out/Splice"
}

Describe 'Errors of Copy-ItemZeroCopy' {
    BeforeAll {
        # One failure, and everything in the folder as it was before.
        function Assert-CopyFailure([scriptblock] $Script, [string] $Id, [string] $Category, [string] $Target, [string[]] $Says) {
            $before = Get-Picture
            $failure = Get-Failure $Script
            Assert-Failure $failure -Id "$Id,Splice.Commands.CopyItemZeroCopyCommand" -Category $Category -Target $Target -Says $Says
            Get-Picture | Should -Be $before -Because 'nothing on the disk may change'
            $failure[0].Exception | Should -BeOfType System.IO.IOException
        }

        # Everything below the folder: name, mode, and of files the size, time of change and content.
        function Get-Picture {
            foreach ($item in Get-ChildItem -Recurse -Force -LiteralPath $folder | Sort-Object FullName) {
                $file = $item.UnixStat.ItemType -eq 'File'
                $details = $file ? "$($item.Length) $($item.LastWriteTimeUtc.Ticks) $(Get-Hash $item.FullName)" : ''
                "$($item.FullName) $($item.UnixMode) $details"
            }
        }
    }

    BeforeEach {
        $script:folder = "$TestDrive/$([guid]::NewGuid())"
        $null = [IO.Directory]::CreateDirectory("$folder/to")
        $script:source = "$folder/source"
        $script:old = "$folder/old"
        [IO.File]::WriteAllText($source, 'source')
        [IO.File]::WriteAllText($old, 'the old content')
    }

    Context 'the source' {
        It 'is not there' {
            Assert-CopyFailure { Copy-ItemZeroCopy "$folder/missing" $old } -Id SourceNotFound -Category ObjectNotFound -Target "$folder/missing" -Says "'$folder/missing'", 'ENOENT', 'Check the name'
        }

        It 'is below a file' {
            Assert-CopyFailure { Copy-ItemZeroCopy "$source/x" $old } -Id SourceNotFound -Category ObjectNotFound -Target "$source/x" -Says 'ENOTDIR'
        }

        It 'is a link to nothing' {
            $null = New-Item -ItemType SymbolicLink "$folder/dangling" -Target "$folder/missing"
            Assert-CopyFailure { Copy-ItemZeroCopy "$folder/dangling" $old } -Id SourceNotFound -Category ObjectNotFound -Target "$folder/dangling" -Says 'ENOENT'
        }

        It 'is a link to itself' {
            ln -s loop "$folder/loop"
            Assert-CopyFailure { Copy-ItemZeroCopy "$folder/loop" $old } -Id InvalidPath -Category InvalidArgument -Target "$folder/loop" -Says 'ELOOP'
            Assert-CopyFailure { Copy-ItemZeroCopy $source "$folder/loop" } -Id InvalidPath -Category InvalidArgument -Target "$folder/loop" -Says 'ELOOP'
        }

        It 'is a folder' {
            Assert-CopyFailure { Copy-ItemZeroCopy "$folder/to" $old } -Id SourceIsDirectory -Category InvalidType -Target "$folder/to" -Says 'is a folder', '-Recurse', '/*'
        }

        It 'matches nothing' {
            Assert-CopyFailure { Copy-ItemZeroCopy "$folder/*.none" $old } -Id NoMatch -Category ObjectNotFound -Target "$folder/*.none" -Says '-LiteralPath'
            Assert-CopyFailure { Copy-ItemZeroCopy "$folder/a[1]" $old } -Id NoMatch -Category ObjectNotFound -Target "$folder/a[1]" -Says '-LiteralPath'
        }

        It 'is on another provider' {
            Assert-CopyFailure { Copy-ItemZeroCopy Env:PATH $old } -Id NotFileSystem -Category InvalidArgument -Target 'Env:PATH' -Says 'Environment'
        }

        It 'has a name that is too long' {
            $name = "$folder/$('x' * 300)"
            Assert-CopyFailure { Copy-ItemZeroCopy $name $old } -Id InvalidPath -Category InvalidArgument -Target $name -Says 'ENAMETOOLONG'
        }

        It 'has a NUL in its name' {
            Assert-CopyFailure { Copy-ItemZeroCopy -LiteralPath "$folder/a`0b" $old } -Id InvalidPath -Category InvalidArgument -Target "$folder/a`0b" -Says 'NUL'
        }

        It 'has half of a surrogate pair in its name: U+<_>' -ForEach 'D800', 'DC00' {
            # Without a check the name would be another one, with the replacement character.
            $name = "a$([char][int]"0x$_")b"
            [IO.File]::WriteAllText("$folder/a`u{FFFD}b", 'of another name')
            Assert-CopyFailure { Copy-ItemZeroCopy -LiteralPath "$folder/$name" $old } -Id InvalidPath -Category InvalidArgument -Target "$folder/$name" -Says 'surrogate'
            Assert-CopyFailure { Copy-ItemZeroCopy "$folder/$name" $old } -Id InvalidPath -Category InvalidArgument -Target "$folder/$name" -Says 'surrogate'
            Assert-CopyFailure { Copy-ItemZeroCopy $source "$folder/$name" } -Id InvalidPath -Category InvalidArgument -Target "$folder/$name" -Says 'surrogate'
        }

        It 'is a socket' {
            $socket = [Net.Sockets.Socket]::new('Unix', 'Stream', 'Unspecified')
            try {
                $socket.Bind([Net.Sockets.UnixDomainSocketEndPoint]::new("$folder/socket"))
                Assert-CopyFailure { Copy-ItemZeroCopy "$folder/socket" $old } -Id ReadFailed -Category ReadError -Target "$folder/socket" -Says 'ENXIO', 'Copy-StreamZeroCopy'
            }
            finally {
                $socket.Dispose()
            }
        }

        It 'never ends' {
            Assert-CopyFailure { Copy-ItemZeroCopy /dev/zero $old } -Id EndlessSource -Category InvalidArgument -Target '/dev/zero' -Says '-Count'
        }

        It 'becomes shorter' {
            # Once the reader is in, the copy knows the size; and it cannot have read more than the pipe takes.
            [IO.File]::WriteAllBytes("$folder/large", [byte[]]::new(1MB))
            mkfifo "$folder/fifo"
            $background = Invoke-Background 'Copy-ItemZeroCopy $args[0] $args[1]' "$folder/large", "$folder/fifo"
            $reader = [IO.File]::OpenRead("$folder/fifo")
            truncate --size 1000 "$folder/large"
            $reader.CopyTo([IO.Stream]::Null)
            Wait-Background $background
            $reader.Dispose()
            Assert-Failure $background.Shell.Streams.Error -Id 'SourceTruncated,Splice.Commands.CopyItemZeroCopyCommand' -Category InvalidData -Target "$folder/large" -Says '1.00 MiB (1048576 bytes) at first, 1000 bytes now'
        }

        It 'is written to meanwhile' {
            [IO.File]::WriteAllBytes("$folder/large", [byte[]]::new(1MB))
            mkfifo "$folder/fifo"
            $background = Invoke-Background 'Copy-ItemZeroCopy $args[0] $args[1]' "$folder/large", "$folder/fifo"
            $reader = [IO.File]::OpenRead("$folder/fifo")
            [IO.File]::AppendAllText("$folder/large", 'a line')
            $reader.CopyTo([IO.Stream]::Null)
            Wait-Background $background
            $reader.Dispose()
            Assert-Failure $background.Shell.Streams.Error -Id 'SourceChanged,Splice.Commands.CopyItemZeroCopyCommand' -Category InvalidData -Target "$folder/large" -Says 'from 1.00 MiB (1048576 bytes) to 1.00 MiB (1048582 bytes)', '-AllowChanging'
        }

        It 'is written to meanwhile, which -AllowChanging allows' {
            [IO.File]::WriteAllBytes("$folder/large", [byte[]]::new(1MB))
            mkfifo "$folder/fifo"
            $background = Invoke-Background 'Copy-ItemZeroCopy $args[0] $args[1] -AllowChanging' "$folder/large", "$folder/fifo"
            $reader = [IO.File]::OpenRead("$folder/fifo")
            [IO.File]::AppendAllText("$folder/large", 'a line')
            $reader.CopyTo([IO.Stream]::Null)
            Wait-Background $background
            $reader.Dispose()
            $background.Shell.Streams.Error | Should -BeNullOrEmpty
            $background.Output.BytesCopied | Should -Be 1MB
        }
    }

    Context 'the destination' {
        It 'is in a folder that is not there' {
            Assert-CopyFailure { Copy-ItemZeroCopy $source "$folder/missing/x" } -Id DestinationFolderNotFound -Category ObjectNotFound -Target "$folder/missing/x" -Says "The folder '$folder/missing' does not exist", 'ENOENT', 'New-Item'
            Assert-CopyFailure { Copy-ItemZeroCopy $source "$folder/missing/x/" } -Id DestinationFolderNotFound -Category ObjectNotFound -Target "$folder/missing/x" -Says "The folder '$folder/missing' does not exist", 'ENOENT'
            Assert-CopyFailure { Copy-ItemZeroCopy $source "$folder/missing/x" -DestinationOffset 1 } -Id DestinationFolderNotFound -Category ObjectNotFound -Target "$folder/missing/x" -Says 'ENOENT'
        }

        It 'is below a file' {
            Assert-CopyFailure { Copy-ItemZeroCopy $source "$old/x" } -Id DestinationFolderNotFound -Category ObjectNotFound -Target "$old/x" -Says 'ENOTDIR'
        }

        It 'is there, and must not be replaced' {
            Assert-CopyFailure { Copy-ItemZeroCopy $source $old -NoClobber } -Id DestinationExists -Category ResourceExists -Target $old -Says 'omit -NoClobber'
            Assert-CopyFailure { Copy-ItemZeroCopy $source $old -NoClobber -DestinationOffset 1 } -Id DestinationExists -Category ResourceExists -Target $old -Says '-NoClobber'
        }

        It 'is a folder where a file shall go' {
            $null = New-Item -ItemType Directory "$folder/to/source"
            Assert-CopyFailure { Copy-ItemZeroCopy $source "$folder/to" } -Id DestinationExists -Category ResourceExists -Target "$folder/to/source" -Says 'is a folder'
        }

        It 'is the source' {
            Assert-CopyFailure { Copy-ItemZeroCopy $source $source } -Id SameFile -Category InvalidOperation -Target $source -Says 'same file'
            ln $source "$folder/hard"
            Assert-CopyFailure { Copy-ItemZeroCopy $source "$folder/hard" -Force } -Id SameFile -Category InvalidOperation -Target "$folder/hard" -Says 'same file'
            Assert-CopyFailure { Copy-ItemZeroCopy $source $source -Count 4 -DestinationOffset 2 } -Id SameFile -Category InvalidOperation -Target $source -Says 'overlap'
        }

        It 'is on another provider' {
            Assert-CopyFailure { Copy-ItemZeroCopy $source Variable:x } -Id NotFileSystem -Category InvalidArgument -Target 'Variable:x' -Says 'Variable'
        }

        It 'is a socket' {
            $socket = [Net.Sockets.Socket]::new('Unix', 'Stream', 'Unspecified')
            try {
                $socket.Bind([Net.Sockets.UnixDomainSocketEndPoint]::new("$folder/socket"))
                Assert-CopyFailure { Copy-ItemZeroCopy $source "$folder/socket" } -Id WriteFailed -Category WriteError -Target "$folder/socket" -Says 'ENXIO'
            }
            finally {
                $socket.Dispose()
            }
        }

        It 'is a device that is full' {
            Assert-CopyFailure { Copy-ItemZeroCopy $source /dev/full } -Id DiskFull -Category WriteError -Target '/dev/full' -Says 'ENOSPC', 'Free some space'
        }

        It 'is on a full disk' {
            Skip-WithoutRoot
            # Only root mounts.
            $null = New-Item -ItemType Directory "$folder/disk"
            mount -t tmpfs -o size=1m none "$folder/disk"
            if ($LASTEXITCODE -ne 0) {
                Set-ItResult -Skipped -Because 'nothing can be mounted here'
            }

            try {
                [IO.File]::WriteAllText("$folder/disk/old", 'old')
                [IO.File]::WriteAllBytes("$folder/large", [byte[]]::new(2MB))
                Assert-CopyFailure { Copy-ItemZeroCopy "$folder/large" "$folder/disk/old" } -Id DiskFull -Category WriteError -Target "$folder/disk/old" -Says 'ENOSPC', 'Free some space'
                Get-ChildItem -Force "$folder/disk" | Should -HaveCount 1
                # What the attempt took is free again.
                Copy-ItemZeroCopy "$folder/large" "$folder/disk/old" -Count 900KB
                $failure = Get-Failure { Copy-ItemZeroCopy "$folder/large" "$folder/disk/old" -InPlace }
                $failure.ErrorDetails.Message | Should -BeLike '*ENOSPC*written in place: the copy is incomplete, and the old content of what was written is lost.'
            }
            finally {
                umount "$folder/disk"
            }
        }

        It 'loses its reader' {
            mkfifo "$folder/fifo"
            $reader = Invoke-Process head '--bytes', '10', "$folder/fifo"
            Assert-CopyFailure { Copy-ItemZeroCopy /dev/zero "$folder/fifo" -Count 10MB } -Id ReaderGone -Category ConnectionError -Target "$folder/fifo" -Says 'EPIPE', 'run the command again'
            $reader.WaitForExit(30000) | Should -BeTrue
        }

        It 'has no position' {
            mkfifo "$folder/fifo"
            $reader = Invoke-Process cat "$folder/fifo"
            Assert-CopyFailure { Copy-ItemZeroCopy $source "$folder/fifo" -DestinationOffset 1 } -Id NotSeekable -Category InvalidArgument -Target "$folder/fifo" -Says 'not seekable', 'Omit the offset'
            $reader.WaitForExit(30000) | Should -BeTrue
        }
    }

    Context 'the numbers' {
        It '<Name>' -ForEach @(
            @{ Name = '-Offset -1'; Argument = @{ Offset = -1 }; Id = 'NegativeOffset'; Says = 'offset -1' }
            @{ Name = '-Offset the least'; Argument = @{ Offset = [long]::MinValue }; Id = 'NegativeOffset'; Says = '-9223372036854775808' }
            @{ Name = '-Count -1'; Argument = @{ Count = -1 }; Id = 'NegativeCount'; Says = 'count -1' }
            @{ Name = '-Offset 7'; Argument = @{ Offset = 7 }; Id = 'OffsetPastEnd'; Says = '6 bytes' }
            @{ Name = '-Offset the most'; Argument = @{ Offset = [long]::MaxValue }; Id = 'OffsetPastEnd'; Says = '6 bytes' }
            @{ Name = '-Count 7'; Argument = @{ Count = 7 }; Id = 'CountPastEnd'; Says = '6 bytes' }
            @{ Name = '-Count the most'; Argument = @{ Count = [long]::MaxValue }; Id = 'CountPastEnd'; Says = '6 bytes' }
            @{ Name = '-Offset 6 -Count the most'; Argument = @{ Offset = 6; Count = [long]::MaxValue }; Id = 'CountPastEnd'; Says = '6 bytes' }
            @{ Name = '-Offset 4 -Count 3'; Argument = @{ Offset = 4; Count = 3 }; Id = 'CountPastEnd'; Says = 'offset 4' }
            @{ Name = '-Offset 4 -Count 3 -DestinationOffset 1'; Argument = @{ Offset = 4; Count = 3; DestinationOffset = 1 }; Id = 'CountPastEnd'; Says = 'offset 4' }
        ) {
            Assert-CopyFailure { Copy-ItemZeroCopy $source $old @Argument } -Id $Id -Category InvalidArgument -Target $source -Says "'$source'", $Says
        }

        It '-DestinationOffset -1' {
            Assert-CopyFailure { Copy-ItemZeroCopy $source $old -DestinationOffset -1 } -Id NegativeOffset -Category InvalidArgument -Target $old -Says 'destination offset -1'
        }

        It 'past the end of a generated file' {
            Assert-CopyFailure { Copy-ItemZeroCopy /proc/version $old -Offset 1MB } -Id OffsetPastEnd -Category InvalidArgument -Target '/proc/version' -Says '1048576'
            Assert-CopyFailure { Copy-ItemZeroCopy /proc/version $old -Count 1MB } -Id CountPastEnd -Category InvalidArgument -Target '/proc/version' -Says '1048576'
        }

        It 'past the end of a file that says it is larger' {
            $file = '/sys/kernel/mm/transparent_hugepage/enabled'
            if (-not (Test-Path -LiteralPath $file)) {
                Set-ItResult -Skipped -Because 'this kernel does not have it'
            }

            Assert-CopyFailure { Copy-ItemZeroCopy $file $old -Count 4000 } -Id CountPastEnd -Category InvalidArgument -Target $file -Says '4000 bytes'
        }

        It 'past the end of a pipe' {
            mkfifo "$folder/fifo"
            $writer = Invoke-Process sh '-c', 'printf four > "$1"', 'sh', "$folder/fifo"
            Assert-CopyFailure { Copy-ItemZeroCopy "$folder/fifo" $old -Count 5 } -Id CountPastEnd -Category InvalidArgument -Target "$folder/fifo" -Says 'after 4 bytes'
            $writer.WaitForExit(30000) | Should -BeTrue
        }

        It 'no number at all' {
            { Copy-ItemZeroCopy $source $old -Count many } |
                Should -Throw -ErrorId 'CannotConvertArgumentNoMessage,Splice.Commands.CopyItemZeroCopyCommand'
        }
    }

    Context 'the patterns' {
        It '-<Name> <Pattern>' -ForEach @(
            @{ Name = 'Include'; Pattern = '[' }
            @{ Name = 'Exclude'; Pattern = '[z-a]' }
        ) {
            $more = @{ $Name = '*', $Pattern }
            $before = Get-Picture
            $failure = Get-Failure { try { Copy-ItemZeroCopy $source "$folder/copy" @more } catch { $_ } }
            Assert-Failure $failure -Id 'InvalidPattern,Splice.Commands.CopyItemZeroCopyCommand' -Category InvalidArgument -Target $Pattern -Says "'$Pattern'"
            Get-Picture | Should -Be $before
        }
    }

    Context 'the method' {
        It 'cannot do it: <Method>' -ForEach @(
            @{ Method = 'Reflink'; Says = 'regular files' }
            @{ Method = 'CopyFileRange'; Says = 'regular files' }
            @{ Method = 'SendFile'; Says = 'sendfile(2)' }
        ) {
            Assert-CopyFailure { Copy-ItemZeroCopy /dev/zero $old -Count 10 -Method $Method } -Id MethodNotPossible -Category InvalidOperation -Target $old -Says '/dev/zero', $Says, '-Method Auto'
        }

        It 'is refused by the kernel' {
            Assert-CopyFailure { Copy-ItemZeroCopy /proc/self/maps $old -Method Splice } -Id MethodNotPossible -Category InvalidOperation -Target $old -Says 'EINVAL', 'splice(2)', '-Method Auto'
        }

        It 'takes no flags' {
            Assert-CopyFailure { Copy-ItemZeroCopy $source $old -Method ReadWrite -Flags More } -Id MethodNotPossible -Category InvalidOperation -Target $old -Says 'More', '-Method Splice'
        }
    }

    Context 'the user' {
        BeforeAll {
            $script:module = Copy-ModuleForAll
            $script:shell = Open-PlainShell
        }

        AfterAll {
            $shell.StandardInput.Close()
            $shell.WaitForExit(30000) | Should -BeTrue
        }

        BeforeEach {
            $script:open = "$folder/open"
            $null = New-Item -ItemType Directory $open
            chmod 0777 $open
            $script:script = @'
                Import-Module 'MODULE'
                $copy = { COPY }
                & $copy 2>&1 | ForEach-Object {
                    [pscustomobject]@{
                        Id = "$($_.FullyQualifiedErrorId)"; Category = "$($_.CategoryInfo.Category)"
                        Target = "$($_.TargetObject)"; Message = "$($_.Exception.Message)"
                    }
                } | ConvertTo-Json
'@.Replace('MODULE', $module)
        }

        It 'may not read' {
            chmod 0000 $source
            $failure = Invoke-PlainShell $shell $script.Replace('COPY', "Copy-ItemZeroCopy '$source' '$open/new'") | ConvertFrom-Json
            $failure.Id | Should -Be 'PermissionDenied,Splice.Commands.CopyItemZeroCopyCommand'
            $failure.Category | Should -Be PermissionDenied
            $failure.Target | Should -BeExactly $source
            $failure.Message | Should -BeLike "*'$source'*EACCES*"
            "$open/new" | Should -Not -Exist
        }

        It 'may not write into the folder' {
            Skip-WithoutRoot
            chmod 0644 $source
            chmod 0755 $folder
            $failure = Invoke-PlainShell $shell $script.Replace('COPY', "Copy-ItemZeroCopy '$source' '$folder/new'") | ConvertFrom-Json
            $failure.Id | Should -Be 'PermissionDenied,Splice.Commands.CopyItemZeroCopyCommand'
            $failure.Message | Should -BeLike "*'$folder/new'*EACCES*"
            "$folder/new" | Should -Not -Exist
        }

        It 'may not write the file, except with -Force' {
            $copies = @"
                Set-Content '$open/source' new
                Set-Content '$open/old' old
                chmod 0444 '$open/old'
                Copy-ItemZeroCopy '$open/source' '$open/old'
                `$null = Copy-ItemZeroCopy '$open/source' '$open/old' -WhatIf -Force
                [pscustomobject]@{ FullyQualifiedErrorId = Get-Content '$open/old' }
                `$null = Copy-ItemZeroCopy '$open/source' '$open/old' -Force
                [pscustomobject]@{ FullyQualifiedErrorId = Get-Content '$open/old' }
"@
            $failure, $still, $replaced = Invoke-PlainShell $shell $script.Replace('COPY', $copies) | Where-Object { $_ -notlike 'What if*' } | ConvertFrom-Json
            $failure.Id | Should -Be 'PermissionDenied,Splice.Commands.CopyItemZeroCopyCommand'
            $failure.Message | Should -BeLike "*'$open/old'*EACCES*-Force*"
            $still.Id | Should -Be 'old'
            $replaced.Id | Should -Be 'new'
        }

        It 'loses the owner of what is replaced, and is told' {
            Skip-WithoutRoot
            # Two users take root.
            [IO.File]::WriteAllText("$open/new", 'new')
            [IO.File]::WriteAllText("$open/old", 'old')
            chmod 0666 "$open/new" "$open/old"
            $lines = Invoke-PlainShell $shell "
                Import-Module '$module'
                Copy-ItemZeroCopy '$open/new' '$open/old' 3>&1 | ForEach-Object { `$_.GetType().Name; `$_.Message }"
            $lines[0] | Should -Be 'WarningRecord'
            $lines[1] | Should -BeLike "*the owner of the replaced file (0:0) for '$open/old' (EPERM*"
            Get-Content "$open/old" | Should -Be 'new'
        }

        It 'has a limit on the size of files, and the shell lives on' {
            $copies = @"
                prlimit --pid `$PID --fsize=100000
                Set-Content '$open/old' old
                Copy-ItemZeroCopy /dev/zero '$open/old' -Count 1MB
                Copy-ItemZeroCopy /dev/zero '$open/old' -Count 1MB -Method ReadWrite
                [pscustomobject]@{ FullyQualifiedErrorId = Get-Content '$open/old' }
"@
            $first, $second, $still = Invoke-PlainUser $script.Replace('COPY', $copies) | ConvertFrom-Json
            foreach ($failure in $first, $second) {
                $failure.Id | Should -Be 'FileSizeLimit,Splice.Commands.CopyItemZeroCopyCommand'
                $failure.Category | Should -Be LimitsExceeded
                $failure.Target | Should -BeExactly "$open/old"
                $failure.Message | Should -BeLike "*after 97.7 KiB*EFBIG*prlimit*"
            }

            $still.Id | Should -Be 'old'
            (Get-ChildItem -Force $open).Name | Should -Be 'old'
        }
    }

    Context 'all of them' {
        It 'carry the errno and how far it got' {
            [IO.File]::WriteAllBytes("$folder/large", [byte[]]::new(1MB))
            $failure = Get-Failure { Copy-ItemZeroCopy "$folder/large" /dev/full }
            $failure.Exception | Should -BeOfType Splice.TransferException
            $failure.Exception.Errno | Should -Be ENOSPC
            $failure.Exception.Id | Should -Be DiskFull
            $failure.Exception.Target | Should -BeExactly /dev/full
            $failure.Exception.Partial.BytesCopied | Should -Be 0
        }

        It 'recommend what to do: <Id>' -ForEach @(
            @{ Id = 'SourceNotFound'; Call = { Copy-ItemZeroCopy /missing $old }; Cure = 'Check the name*' }
            @{ Id = 'NoMatch'; Call = { Copy-ItemZeroCopy '/missing*' $old }; Cure = 'Check the pattern*' }
            @{ Id = 'NotFileSystem'; Call = { Copy-ItemZeroCopy Env:PATH $old }; Cure = 'Specify a path in the file system*' }
            @{ Id = 'InvalidPath'; Call = { Copy-ItemZeroCopy nodrive:x $old }; Cure = 'Check whether its drive exists (Get-PSDrive)*' }
            @{ Id = 'InvalidPattern'; Call = { Copy-ItemZeroCopy $folder "$folder/to" -Recurse -Exclude '[' }; Cure = 'Close its brackets*' }
            @{ Id = 'NotNativePipeline'; Call = { Invoke-PipelineZeroCopy { 1 + 1 } }; Cure = 'Use -InputPath to read a file*' }
            @{ Id = 'CommandNotFound'; Call = { Invoke-PipelineZeroCopy { no-such-program } }; Cure = 'Check the name and $env:PATH*' }
            @{ Id = 'CommandFailed'; Call = { Invoke-PipelineZeroCopy { false } }; Cure = '*-AllowFailure*' }
        ) {
            $failure = Get-Failure { try { & $Call } catch { $_ } }
            $failure.Count | Should -Be 1
            $failure[0].FullyQualifiedErrorId | Should -BeLike "$Id,*"
            $details = $failure[0].ErrorDetails
            $details.RecommendedAction | Should -BeLike $Cure
            $failure[0].Exception.Message | Should -BeExactly "$($details.Message) $($details.RecommendedAction)"
            "$($failure[0])" | Should -BeExactly $details.Message
        }

        It 'put the recommendation on a line of its own in ConciseView' {
            $text = pwsh -NoProfile -NonInteractive -Command {
                param($module, $old)
                $PSStyle.OutputRendering = 'PlainText'
                Import-Module $module
                Copy-ItemZeroCopy /missing $old 2>&1 | Out-String -Width 200
            } -args "$PSScriptRoot/../../out/Splice", $old
            $lines = @($text -split '\r?\n')
            @($lines -match "Cannot find '/missing' \(ENOENT: No such file or directory\)\.$").Count | Should -Be 1
            @($lines -match "^\W*Recommendation: Check the name\.$").Count | Should -Be 1
        }

        It 'keep the recommendation on their way to another process' {
            $failure = Get-Failure { Copy-ItemZeroCopy /missing $old }
            $text = [System.Management.Automation.PSSerializer]::Serialize($failure[0])
            $copy = [System.Management.Automation.PSSerializer]::Deserialize($text)
            $copy.ErrorDetails_RecommendedAction | Should -BeExactly $failure[0].ErrorDetails.RecommendedAction
        }

        It 'leave no descriptor open' {
            $null = Get-Failure { Copy-ItemZeroCopy $source /dev/full }
            $null = Get-Failure { Copy-ItemZeroCopy $source $old -Method Reflink -Offset 1 }
            $null = Get-Failure { Copy-ItemZeroCopy "$folder/to" $old }
            $null = Get-Failure { Copy-ItemZeroCopy $source $source }
            Assert-Closed $folder
        }
    }
}

Describe 'Errors of Invoke-Splice' {
    BeforeAll {
        $script:source = "$TestDrive/source"
        [IO.File]::WriteAllText($source, 'source')

        function Assert-SpliceFailure([scriptblock] $Script, [string] $Id, [string] $Category, [string] $Target, [string[]] $Says) {
            Assert-Failure (Get-Failure $Script) -Id "$Id,Splice.Commands.InvokeSpliceCommand" -Category $Category -Target $Target -Says $Says
        }

        # How the kernel calls the pipe of the test.
        function Get-PipeName {
            (Get-Item "/proc/self/fd/$($pipe.SafePipeHandle.DangerousGetHandle())").LinkTarget
        }
    }

    BeforeEach {
        $script:in = [IO.File]::OpenRead($source)
        $script:target = "$TestDrive/$([guid]::NewGuid())"
        $script:out = [IO.File]::Create($target)
        $script:pipe = [IO.Pipes.AnonymousPipeServerStream]::new('Out')
    }

    AfterEach {
        $in.Dispose()
        $out.Dispose()
        $pipe.Dispose()
    }

    It '<Name>' -ForEach @(
        @{ Name = '-Offset -1'; Argument = @{ Offset = -1 }; Id = 'NegativeOffset' }
        @{ Name = '-Count -1'; Argument = @{ Count = -1 }; Id = 'NegativeCount' }
        @{ Name = '-Offset 7'; Argument = @{ Offset = 7 }; Id = 'OffsetPastEnd' }
        @{ Name = '-Count 7'; Argument = @{ Count = 7 }; Id = 'CountPastEnd' }
        @{ Name = '-Offset 4 -Count 3'; Argument = @{ Offset = 4; Count = 3 }; Id = 'CountPastEnd' }
    ) {
        Assert-SpliceFailure { Invoke-Splice $in $out @Argument } -Id $Id -Category InvalidArgument -Target $source -Says "'$source'"
        $in.Position | Should -Be 0
        $out.Length | Should -Be 0
    }

    It '-DestinationOffset -1' {
        Assert-SpliceFailure { Invoke-Splice $in $out -DestinationOffset -1 } -Id NegativeOffset -Category InvalidArgument -Target $target -Says 'destination offset -1'
    }

    It 'a count past the end, seen from the position' {
        $in.Position = 4
        Assert-SpliceFailure { Invoke-Splice $in $out -Count 3 } -Id CountPastEnd -Category InvalidArgument -Target $source -Says 'offset 4'
        $in.Position | Should -Be 4
    }

    It 'an offset in a pipe' {
        $name = Get-PipeName
        Assert-SpliceFailure { Invoke-Splice $in $pipe -DestinationOffset 0 } -Id NotSeekable -Category InvalidArgument -Target $name -Says 'not seekable', 'Omit the offset'
        $other = $pipe.ClientSafePipeHandle
        Assert-SpliceFailure { Invoke-Splice $other $out -Offset 0 } -Id NotSeekable -Category InvalidArgument -Target $name -Says 'not seekable'
    }

    It 'descriptor <_>' -ForEach 999, (-1), ([int]::MaxValue), ([long]::MaxValue), ([int]::MinValue) {
        Assert-SpliceFailure { Invoke-Splice $_ $out } -Id BadDescriptor -Category InvalidArgument -Target "descriptor $_" -Says 'EBADF'
        Assert-SpliceFailure { Invoke-Splice $in $_ } -Id BadDescriptor -Category InvalidArgument -Target "descriptor $_" -Says 'EBADF'
    }

    It 'a stream that is closed' {
        $out.Dispose()
        Assert-SpliceFailure { Invoke-Splice $in $out } -Id HandleClosed -Category InvalidArgument -Target 'FileStream' -Says 'closed'
        $in.Dispose()
        Assert-SpliceFailure { Invoke-Splice $in $pipe } -Id HandleClosed -Category InvalidArgument -Target 'FileStream' -Says 'closed'
        $pipe.Dispose()
        Assert-SpliceFailure { Invoke-Splice $pipe $pipe } -Id HandleClosed -Category InvalidArgument -Target 'AnonymousPipeServerStream' -Says 'closed'
    }

    It 'a handle or socket that is closed' {
        $handle = [IO.File]::OpenHandle($source)
        $handle.Dispose()
        Assert-SpliceFailure { Invoke-Splice $handle $out } -Id HandleClosed -Category InvalidArgument -Target 'SafeFileHandle' -Says 'closed'
        $socket = [Net.Sockets.Socket]::new('Stream', 'Tcp')
        $socket.Dispose()
        Assert-SpliceFailure { Invoke-Splice $in $socket } -Id HandleClosed -Category InvalidArgument -Target 'Socket' -Says 'closed'
    }

    It 'a stream for writing as source, and for reading as destination' {
        $writing = [IO.File]::OpenWrite("$target.other")
        Assert-SpliceFailure { Invoke-Splice $writing $pipe } -Id SourceNotReadable -Category InvalidArgument -Target "$target.other" -Says 'FileAccess'
        $writing.Dispose()
        Assert-SpliceFailure { Invoke-Splice $pipe $out } -Id SourceNotReadable -Category InvalidArgument -Target (Get-PipeName) -Says 'FileAccess'
        Assert-SpliceFailure { Invoke-Splice $in $pipe.ClientSafePipeHandle } -Id DestinationNotWritable -Category InvalidArgument -Target (Get-PipeName) -Says 'FileAccess'
        $reading = [IO.File]::OpenRead("$target.other")
        Assert-SpliceFailure { Invoke-Splice $in $reading } -Id DestinationNotWritable -Category InvalidArgument -Target "$target.other" -Says 'FileAccess'
        $reading.Dispose()
    }

    It 'a device without end' {
        $zero = [IO.File]::OpenRead('/dev/zero')
        Assert-SpliceFailure { Invoke-Splice $zero $out } -Id EndlessSource -Category InvalidArgument -Target '/dev/zero' -Says '-Count'
        $zero.Dispose()
    }

    It 'a file onto itself' {
        $both = [IO.FileStream]::new("$target.both", 'Create', 'ReadWrite')
        $both.Write([byte[]](1..8))
        Assert-SpliceFailure { Invoke-Splice $both $both -Offset 0 -Count 4 -DestinationOffset 2 } -Id SameFile -Category InvalidOperation -Target "$target.both" -Says 'overlap'
        Assert-SpliceFailure { Invoke-Splice $out $out } -Id SameFile -Category InvalidOperation -Target $target -Says 'overlap'
        $both.Dispose()
    }

    It 'a pipe that nobody reads' {
        $pipe.DisposeLocalCopyOfClientHandle()
        $failure = Get-Failure { Invoke-Splice $in $pipe }
        $failure.FullyQualifiedErrorId | Should -Be 'ReaderGone,Splice.Commands.InvokeSpliceCommand'
        $failure.CategoryInfo.Category | Should -Be ConnectionError
        $failure.Exception.Errno | Should -Be EPIPE
        $failure.TargetObject | Should -BeExactly (Get-PipeName)
        $in.Position | Should -Be 0
    }

    It 'a device that is full' {
        # splice(2) does not write there at all.
        $full = [IO.File]::OpenWrite('/dev/full')
        Assert-SpliceFailure { Invoke-Splice $in $full } -Id MethodNotPossible -Category InvalidOperation -Target '/dev/full' -Says 'EINVAL'
        $full.Dispose()
        $in.Position | Should -Be 0
    }

    It 'a stream whose buffer does not go out' {
        $full = [IO.File]::OpenWrite('/dev/full')
        $full.WriteByte(1)
        Assert-SpliceFailure { Invoke-Splice $in $full } -Id WriteFailed -Category WriteError -Target '/dev/full' -Says 'buffer', 'No space left'
        $in.Position | Should -Be 0
        { $full.Dispose() } | Should -Throw
    }

    It 'a socket that is not connected' {
        $socket = [Net.Sockets.Socket]::new('Stream', 'Tcp')
        $failure = Get-Failure { Invoke-Splice $in $socket }
        $failure.Count | Should -Be 1
        $failure.CategoryInfo.Category | Should -BeIn WriteError, ConnectionError
        $socket.Dispose()
    }

    It 'a source that becomes shorter' {
        [IO.File]::WriteAllBytes("$target.large", [byte[]]::new(1MB))
        $background = Invoke-Background {
            param($Path, $Pipe)
            $large = [IO.FileStream]::new($Path, 'Open', 'Read', 'ReadWrite')
            Invoke-Splice $large $Pipe
            $large.Position
            $large.Dispose()
            $Pipe.Dispose()
        } "$target.large", $pipe
        $reader = [IO.Pipes.AnonymousPipeClientStream]::new('In', $pipe.ClientSafePipeHandle)
        $first = $reader.ReadByte()
        $first | Should -Be 0
        truncate --size 1000 "$target.large"
        $counter = [IO.MemoryStream]::new()
        $reader.CopyTo($counter)
        Wait-Background $background
        $reader.Dispose()
        Assert-Failure $background.Shell.Streams.Error -Id 'SourceTruncated,Splice.Commands.InvokeSpliceCommand' -Category InvalidData -Target "$target.large" -Says '1.00 MiB (1048576 bytes) at first, 1000 bytes now'
        $background.Output[0] | Should -Be ($counter.Length + 1) -Because 'the position tells what arrived'
    }
}
