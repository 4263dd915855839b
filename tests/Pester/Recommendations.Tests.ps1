BeforeDiscovery {
    # What each cmdlet can be called with so that it fails, and what it must and must not say.
    $script:calls = @(
        @{ Call = { Copy-ItemZeroCopy to copy }; Id = 'SourceIsDirectory'; Says = '-Recurse', '/to/*' }
        @{ Call = { Join-ItemZeroCopy to copy }; Id = 'SourceIsDirectory'; Says = '/to/*'; Not = '-Recurse' }
        @{ Call = { Split-ItemZeroCopy to to -PartCount 2 }; Id = 'SourceIsDirectory'; Says = '/to/*'; Not = '-Recurse' }
        @{ Call = { Copy-StreamZeroCopy to copy }; Id = 'SourceIsDirectory'; Says = 'Specify a file'; Not = '-Recurse', '-Path' }
        @{ Call = { Test-ZeroCopy to copy }; Id = 'SourceIsDirectory'; Says = 'Specify a file'; Not = '-Recurse' }
        @{ Call = { Invoke-PipelineZeroCopy { cat } -InputPath to }; Id = 'SourceIsDirectory'; Says = 'Specify a file'; Not = '-Recurse' }
        @{ Call = { Copy-ItemZeroCopy /dev/zero copy }; Id = 'EndlessSource'; Says = '-Count' }
        @{ Call = { Join-ItemZeroCopy a, /dev/zero copy }; Id = 'EndlessSource'; Says = 'ends'; Not = '-Count' }
        @{ Call = { Copy-StreamZeroCopy /dev/zero copy }; Id = 'EndlessSource'; Says = '-Count' }
        @{ Call = { Copy-ItemZeroCopy dangling copy }; Id = 'SourceNotFound'; Says = 'symbolic link', "'nowhere'", '-Recurse'; Not = 'Cannot find' }
        @{ Call = { Join-ItemZeroCopy dangling copy }; Id = 'SourceNotFound'; Says = 'symbolic link', "'nowhere'"; Not = '-Recurse' }
        @{ Call = { Split-ItemZeroCopy dangling to -PartCount 1 }; Id = 'SourceNotFound'; Says = 'symbolic link'; Not = '-Recurse' }
        @{ Call = { Copy-StreamZeroCopy dangling copy }; Id = 'SourceNotFound'; Says = 'symbolic link'; Not = '-Recurse' }
        @{ Call = { Send-ItemZeroCopy dangling localhost copy }; Id = 'SourceNotFound'; Says = 'symbolic link'; Not = '-Recurse' }
        @{ Call = { Test-ZeroCopy dangling copy }; Id = 'SourceNotFound'; Says = 'symbolic link'; Not = '-Recurse' }
        @{ Call = { Invoke-PipelineZeroCopy { cat } -InputPath dangling }; Id = 'SourceNotFound'; Says = 'symbolic link'; Not = '-Recurse' }
        @{ Call = { Copy-ItemZeroCopy a b/ }; Id = 'DestinationFolderNotFound'; Says = "b' is not a folder"; Not = 'does not exist' }
        @{ Call = { Copy-ItemZeroCopy a b/c/d }; Id = 'DestinationFolderNotFound'; Says = "b' is not a folder"; Not = 'does not exist' }
        @{ Call = { Copy-ItemZeroCopy a b/ -Recurse }; Id = 'DestinationFolderNotFound', 'DestinationExists'; Says = 'is not a folder'; Not = 'does not exist' }
        @{ Call = { Join-ItemZeroCopy a b/ }; Id = 'DestinationFolderNotFound'; Says = "b' is not a folder"; Not = 'does not exist' }
        @{ Call = { Split-ItemZeroCopy a b/ -PartCount 1 }; Id = 'DestinationFolderNotFound'; Says = 'is not a folder'; Not = 'does not exist' }
        @{ Call = { Copy-StreamZeroCopy a b/ }; Id = 'DestinationFolderNotFound'; Says = "b' is not a folder"; Not = 'does not exist' }
        @{ Call = { Invoke-PipelineZeroCopy { date } -OutputPath b/ }; Id = 'DestinationFolderNotFound'; Says = "b' is not a folder"; Not = 'does not exist' }
        @{ Call = { Receive-ItemZeroCopy x nosuchhost.invalid b/ }; Id = 'ConnectionFailed', 'DestinationFolderNotFound'; Says = ''; Not = 'does not exist' }
        @{ Call = { Receive-ItemZeroCopy x nosuchhost.invalid new }; Id = 'ConnectionFailed'; Says = 'Check the name', 'after the path'; Not = 'key', 'prompt' }
        @{ Call = { Send-ItemZeroCopy a localhost:x/y }; Id = 'InvalidHostName'; Says = 'Send-ItemZeroCopy a localhost x/y' }
        @{ Call = { Send-ItemZeroCopy a 'me@[::1]:/x y' }; Id = 'InvalidHostName'; Says = "Send-ItemZeroCopy a 'me@[::1]' '/x y'" }
        @{ Call = { Send-ItemZeroCopy a images/ localhost }; Id = 'InvalidHostName'; Says = 'Send-ItemZeroCopy a localhost images/' }
        @{ Call = { Send-ItemZeroCopy localhost ./a images/ }; Id = 'InvalidHostName'; Says = 'Send-ItemZeroCopy ./a localhost images/' }
        @{ Call = { Send-ItemZeroCopy localhost a images/ }; Id = 'SourceNotFound'; Says = "/localhost'", 'Specify the path, the host and the destination: Send-ItemZeroCopy a localhost images/' }
        @{ Call = { Copy-ItemZeroCopy a "no'dir/b" }; Id = 'DestinationFolderNotFound'; Says = "New-Item -ItemType Directory '/", "/no''dir'" }
        @{ Call = { Measure-ZeroCopy absent }; Id = 'DestinationFolderNotFound'; Says = "New-Item -ItemType Directory '/", "/absent'" }
        @{ Call = { Sync-ItemZeroCopy source absent -ExistingOnly }; Id = 'DestinationFolderNotFound'; Says = "New-Item -ItemType Directory '/", "/absent'", '-ExistingOnly' }
        @{ Call = { Copy-ItemZeroCopy a /dev/shm/splice-clone -Reflink Always }; Id = 'MethodNotPossible'; Says = 'Reflink cannot clone' }
        @{ Call = { Send-ItemZeroCopy a 'no host' images }; Id = 'InvalidHostName'; Says = 'user@host'; Not = 'Send-' }
        @{ Call = { Receive-ItemZeroCopy localhost images/a here/ }; Id = 'InvalidHostName'; Says = 'Receive-ItemZeroCopy images/a localhost here/' }
        @{ Call = { Receive-ItemZeroCopy localhost:images/a . }; Id = 'InvalidHostName'; Says = 'Receive-ItemZeroCopy images/a localhost .' }
        @{ Call = { Receive-ItemZeroCopy localhost:images/a copy }; Id = 'InvalidHostName'; Says = 'Receive-ItemZeroCopy images/a localhost copy' }
        @{ Call = { Receive-ItemZeroCopy me@localhost:a b }; Id = 'InvalidHostName'; Says = './me@localhost:a' }
        @{ Call = { Receive-ItemZeroCopy here/ localhost:a }; Id = 'InvalidHostName'; Says = 'Receive-ItemZeroCopy a localhost here/' }
        @{ Call = { Receive-ItemZeroCopy a, one b/ }; Id = 'InvalidHostName'; Says = 'user@host'; Not = 'Receive-' }
        @{ Call = { Copy-ItemZeroCopy empty copy -Offset 5 }; Id = 'OffsetPastEnd'; Says = 'is empty'; Not = 'fewer bytes' }
        @{ Call = { Copy-ItemZeroCopy empty copy -Count 1 }; Id = 'CountPastEnd'; Says = 'is empty', '1 byte from'; Not = 'fewer bytes', '1 bytes' }
        @{ Call = { Copy-ItemZeroCopy one copy -Count 2 }; Id = 'CountPastEnd'; Says = 'has 1 byte,'; Not = '1 bytes' }
        @{ Call = { Copy-StreamZeroCopy one copy -Offset 7 }; Id = 'OffsetPastEnd'; Says = 'has 1 byte.'; Not = '1 bytes' }
        @{ Call = { Split-ItemZeroCopy one to -PartCount 2 }; Id = 'TooManyParts'; Says = 'has 1 byte,'; Not = '1 bytes' }
        @{ Call = { Copy-ItemZeroCopy a "$memory/copy" -Reflink Always }; Id = 'MethodNotPossible'; Says = '-Reflink Auto'; Not = '-Method' }
        @{ Call = { Join-ItemZeroCopy a "$memory/copy" -Reflink Always }; Id = 'MethodNotPossible'; Says = '-Reflink Auto'; Not = '-Method' }
        @{ Call = { Split-ItemZeroCopy a $memory -PartCount 1 -Reflink Always }; Id = 'MethodNotPossible'; Says = '-Reflink Auto'; Not = '-Method' }
        @{ Call = { Copy-ItemZeroCopy a copy -Flags Move -Sparse Always }; Id = 'MethodNotPossible'; Says = 'Omit -Flags'; Not = 'Copy-StreamZeroCopy' }
        @{ Call = { Split-ItemZeroCopy a to -PartCount 1 -Flags Move -Sparse Always }; Id = 'MethodNotPossible'; Says = 'Omit -Flags'; Not = 'Copy-StreamZeroCopy' }
        @{ Call = { Join-ItemZeroCopy a copy -Flags Move -Sparse Always }; Id = 'MethodNotPossible'; Says = 'Omit -Flags'; Not = 'Copy-StreamZeroCopy' }
        @{ Call = { Copy-ItemZeroCopy a copy -Method Reflink }; Id = 'MethodNotPossible'; Says = '-Method Auto' }
        @{ Call = { Copy-ItemZeroCopy a program -InPlace }; Id = 'PermissionDenied'; Says = 'ETXTBSY', 'running'; Not = '-InPlace' }
        @{ Call = { Copy-ItemZeroCopy a program -Append }; Id = 'PermissionDenied'; Says = 'ETXTBSY', 'running'; Not = '-InPlace' }
        @{ Call = { Invoke-PipelineZeroCopy { date } -OutputPath program -Append }; Id = 'PermissionDenied'; Says = 'ETXTBSY', 'running'; Not = '-InPlace' }
        @{ Call = { Send-ItemZeroCopy '*.txt' localhost copy }; Id = 'NoMatch'; Says = '-LiteralPath' }
        @{ Call = { Copy-StreamZeroCopy '*.txt' copy }; Id = 'SourceNotFound'; Says = 'wildcards are not expanded'; Not = '-Path', '-LiteralPath' }
        @{ Call = { Copy-ItemZeroCopy -LiteralPath '*.txt' copy }; Id = 'SourceNotFound'; Says = '-Path', '-LiteralPath' }
        @{ Call = { Send-ItemZeroCopy a localhost '~/x' }; Id = 'InvalidPath'; Says = 'not expanded', "'x'" }
        @{ Call = { Send-ItemZeroCopy a localhost '~root/x' }; Id = 'InvalidPath'; Says = 'not expanded', 'absolute path' }
        @{ Call = { Send-ItemZeroCopy a localhost '~' }; Id = 'InvalidPath'; Says = 'not expanded', "'.'" }
        @{ Call = { Receive-ItemZeroCopy '~/x' localhost copy }; Id = 'InvalidPath'; Says = 'not expanded', "'x'" }
        @{ Call = { Copy-ItemZeroCopy a root@h:/x }; Id = 'InvalidPath'; Says = 'Send-ItemZeroCopy' }
        @{ Call = { Copy-ItemZeroCopy root@h:x copy }; Id = 'InvalidPath'; Says = 'Receive-ItemZeroCopy' }
        @{ Call = { Join-ItemZeroCopy a root@h:/x }; Id = 'InvalidPath'; Says = 'Send-ItemZeroCopy' }
        @{ Call = { Copy-StreamZeroCopy a root@h:/x }; Id = 'InvalidPath'; Says = 'Send-ItemZeroCopy' }
        @{ Call = { Copy-ItemZeroCopy missing copy -WhatIf }; Id = 'SourceNotFound'; Says = 'Cannot find' }
        @{ Call = { Copy-ItemZeroCopy missing copy -Recurse -WhatIf }; Id = 'SourceNotFound'; Says = 'Cannot find' }
        @{ Call = { Join-ItemZeroCopy a, missing copy -WhatIf }; Id = 'SourceNotFound'; Says = 'Cannot find' }
        @{ Call = { Split-ItemZeroCopy missing to -PartCount 2 -WhatIf }; Id = 'SourceNotFound'; Says = 'Cannot find' }
        @{ Call = { Send-ItemZeroCopy missing localhost copy -WhatIf }; Id = 'SourceNotFound'; Says = 'Cannot find' }
        @{ Call = { Copy-StreamZeroCopy missing copy -WhatIf }; Id = 'SourceNotFound'; Says = 'Cannot find' }
        @{ Call = { Invoke-PipelineZeroCopy { date } -Append b }; Id = 'ConflictingOptions'; Says = 'Add -OutputPath' }
        @{ Call = { Invoke-PipelineZeroCopy { cat } -InputPath missing -WhatIf }; Id = 'SourceNotFound'; Says = 'Cannot find' }
        @{ Call = { Copy-ItemZeroCopy a mount/file }; Id = 'DestinationNotReplaceable'; Says = '-InPlace' }
        @{ Call = { Join-ItemZeroCopy a mount/file }; Id = 'DestinationNotReplaceable'; Says = 'Choose another'; Not = '-InPlace' }
        @{ Call = { Copy-StreamZeroCopy a mount/file }; Id = 'DestinationNotReplaceable'; Says = 'Choose another'; Not = '-InPlace' }
        @{ Call = { Invoke-PipelineZeroCopy { date } -OutputPath mount/file }; Id = 'DestinationNotReplaceable'; Says = '-Append'; Not = '-InPlace' }
        @{ Call = { Copy-ItemZeroCopy a to/a -NoClobber; Copy-ItemZeroCopy a to/a -NoClobber }; Id = 'DestinationExists'; Says = '-NoClobber' }
        @{ Call = { Send-ItemZeroCopy a 127.0.0.1:1 x -KeyFilePath a -UserName me -Options @{ ConnectTimeout = 5 } }; Id = 'ConnectionFailed'; Says = 'Check the port', 'ssh -p 1 -i', '-o ConnectTimeout=5 me@127.0.0.1'; Not = 'exit code', 'It said', 'authorized' }
        @{ Call = { $full = [IO.File]::OpenWrite('/dev/full'); $file = [IO.File]::OpenRead("$folder/a"); try { Invoke-Splice $file $full } finally { $full.Dispose(); $file.Dispose() } }; Id = 'MethodNotPossible'; Says = 'Copy-StreamZeroCopy'; Not = '-Method' }
        @{ Call = { Measure-ZeroCopy missing -Iterations 1 }; Id = 'DestinationFolderNotFound'; Says = 'does not exist' }
        @{ Call = { Split-ItemZeroCopy a to -PartCount 2 -NameFormat '{0}' }; Id = 'InvalidNameFormat'; Says = '{1:D3}' }

        @{ Call = { Sync-ItemZeroCopy missing to }; Id = 'SourceNotFound'; Says = 'Check the name'; Not = '-Recurse' }
        @{ Call = { Sync-ItemZeroCopy dangling to }; Id = 'SourceNotFound'; Says = 'symbolic link', "'nowhere'"; Not = '-Recurse' }
        @{ Call = { Sync-ItemZeroCopy a to }; Id = 'SourceNotFolder'; Says = 'Copy-ItemZeroCopy -Update' }
        @{ Call = { Sync-ItemZeroCopy bare to }; Id = 'EmptySource'; Says = '-AllowEmptySource' }
        @{ Call = { Sync-ItemZeroCopy source source/inner }; Id = 'FoldersOverlap'; Says = '-Exclude' }
        @{ Call = { Sync-ItemZeroCopy source extra -RemoveExtra -MaximumRemoval 1 }; Id = 'TooManyRemovals'; Says = '-MaximumRemoval 2', '-WhatIf' }
        @{ Call = { Sync-ItemZeroCopy source b }; Id = 'DestinationExists'; Says = 'is not a folder' }
        @{ Call = { Sync-ItemZeroCopy source typed }; Id = 'DestinationExists'; Says = '-RemoveExtra'; Not = '-RemoveExcluded' }
        @{ Call = { Sync-ItemZeroCopy source typed -RemoveExtra -Exclude keep }; Id = 'DestinationExists'; Says = '-RemoveExcluded' }
        @{ Call = { Sync-ItemZeroCopy source no/such }; Id = 'DestinationFolderNotFound'; Says = 'New-Item' }
        @{ Call = { Sync-ItemZeroCopy source b/x }; Id = 'DestinationFolderNotFound'; Says = 'is not a folder' }
        @{ Call = { Sync-ItemZeroCopy source ('x' * 300) }; Id = 'InvalidPath'; Says = 'Choose another name' }
        @{ Call = { Sync-ItemZeroCopy source root@h:/x }; Id = 'InvalidPath'; Says = 'Send-ItemZeroCopy' }
        @{ Call = { Sync-ItemZeroCopy source env:/x }; Id = 'NotFileSystem'; Says = 'Specify a path in the file system' }
        @{ Call = { Sync-ItemZeroCopy source to -Exclude '[a' }; Id = 'InvalidPattern'; Says = 'Close its brackets' }
        @{ Call = { Sync-ItemZeroCopy source to -RemoveExcluded }; Id = 'ConflictingOptions'; Says = 'Add -RemoveExtra' }
        @{ Call = { Sync-ItemZeroCopy source locked }; Id = 'DestinationBusy'; Says = 'Wait' }
        @{ Call = { Sync-ItemZeroCopy growing to -RateLimit 20000 }; Id = 'SourceChanged'; Says = '-AllowChanging' }
        @{ Call = { Sync-ItemZeroCopy links linked }; Id = 'SameFile'; Says = 'Choose another destination' }
        @{ Call = { Sync-ItemZeroCopy large mounts/small }; Id = 'DiskFull'; Says = 'Free some space' }
        @{ Call = { Sync-ItemZeroCopy source mounts/readonly }; Id = 'PermissionDenied'; Says = 'EROFS', 'Mount it for writing' }
        @{ Call = { Sync-ItemZeroCopy single mount }; Id = 'DestinationNotReplaceable'; Says = '-InPlace' }
        @{ Call = { Sync-ItemZeroCopy source mounts -RemoveExtra -Exclude readonly, loop, null }; Id = 'MountPoint'; Says = 'umount' }
        @{ Call = { Sync-ItemZeroCopy mounts/loop to }; Id = 'CopyIntoItself'; Says = 'Unmount'; Not = '-FollowSymlink' }

        @{ Call = { Sync-ItemZeroCopy missing to -HostName localhost }; Id = 'SourceNotFound'; Says = 'Check the name'; Not = '-Recurse' }
        @{ Call = { Sync-ItemZeroCopy a to -HostName localhost }; Id = 'SourceNotFolder'; Says = 'Send-ItemZeroCopy -Update' }
        @{ Call = { Sync-ItemZeroCopy bare to -HostName localhost }; Id = 'EmptySource'; Says = '-AllowEmptySource' }
        @{ Call = { Sync-ItemZeroCopy source '~/x' -HostName localhost }; Id = 'InvalidPath'; Says = 'not expanded', "'x'" }
        @{ Call = { Sync-ItemZeroCopy source to -HostName '-x' }; Id = 'InvalidHostName'; Says = 'Use host' }
        @{ Call = { Sync-ItemZeroCopy source to -Port 22 }; Id = 'ConflictingOptions'; Says = 'Add -HostName' }

        @{ Call = { Move-ItemZeroCopy missing to }; Id = 'SourceNotFound'; Says = 'Check the name'; Not = '-Recurse' }
        @{ Call = { Move-ItemZeroCopy 'no*match' to }; Id = 'NoMatch'; Says = '-LiteralPath' }
        @{ Call = { Move-ItemZeroCopy / moved }; Id = 'InvalidPath'; Says = 'Specify it by its name' }
        @{ Call = { Move-ItemZeroCopy a ('x' * 300) }; Id = 'InvalidPath'; Says = 'Choose another name' }
        @{ Call = { Move-ItemZeroCopy a root@h:/x }; Id = 'InvalidPath'; Says = 'Send-ItemZeroCopy' }
        @{ Call = { Move-ItemZeroCopy a env:/x }; Id = 'NotFileSystem'; Says = 'Specify a path in the file system' }
        @{ Call = { Move-ItemZeroCopy a b }; Id = 'DestinationExists'; Says = '-Force' }
        @{ Call = { Move-ItemZeroCopy to nest }; Id = 'DestinationExists'; Says = 'Copy-ItemZeroCopy -Recurse' }
        @{ Call = { Move-ItemZeroCopy to b -Force }; Id = 'DestinationExists'; Says = 'is not a folder' }
        @{ Call = { Move-ItemZeroCopy two/1/f, two/2/f place -Force }; Id = 'DestinationExists'; Says = 'different folders' }
        @{ Call = { Move-ItemZeroCopy a b/c }; Id = 'DestinationFolderNotFound'; Says = 'is not a folder' }
        @{ Call = { Move-ItemZeroCopy a no/such/x }; Id = 'DestinationFolderNotFound'; Says = 'New-Item' }
        @{ Call = { Move-ItemZeroCopy nest nest/inner }; Id = 'CopyIntoItself'; Says = 'outside' }
        @{ Call = { Move-ItemZeroCopy links/b b -Force }; Id = 'SameFile'; Says = 'Choose another destination' }
        @{ Call = { Move-ItemZeroCopy a mounts/null -Force }; Id = 'DestinationNotReplaceable'; Says = 'Copy-ItemZeroCopy' }
        @{ Call = { Move-ItemZeroCopy mounts/small moved }; Id = 'MountPoint'; Says = 'umount' }
        @{ Call = { Move-ItemZeroCopy mounts $memory }; Id = 'MountPoint'; Says = 'umount' }
        @{ Call = { Move-ItemZeroCopy large/big mounts/small }; Id = 'DiskFull'; Says = 'Free some space' }
        @{ Call = { Move-ItemZeroCopy mounts/readonly/file moved }; Id = 'PermissionDenied'; Says = 'EROFS', 'Mount it for writing'; Not = 'was not removed' }
        @{ Call = { Move-ItemZeroCopy mounts/readonly/file mounts/readonly/new }; Id = 'PermissionDenied'; Says = "/file' cannot be moved", 'EROFS'; Not = '/new' }

        @{ Call = { Compare-ItemZeroCopy a missing }; Id = 'SourceNotFound'; Says = 'Check the name'; Not = '-Path' }
        @{ Call = { Compare-ItemZeroCopy dangling a }; Id = 'SourceNotFound'; Says = 'symbolic link'; Not = '-Recurse' }
        @{ Call = { Compare-ItemZeroCopy -LiteralPath '*.txt' a }; Id = 'SourceNotFound'; Says = 'wildcards are not expanded'; Not = '-Path ' }
        @{ Call = { Compare-ItemZeroCopy 'no*match' a }; Id = 'NoMatch'; Says = '-LiteralPath' }
        @{ Call = { Compare-ItemZeroCopy to source }; Id = 'SourceIsDirectory'; Says = '-Recurse' }
        @{ Call = { Compare-ItemZeroCopy to a -Recurse }; Id = 'SourceIsDirectory'; Says = 'two folders' }
        @{ Call = { Compare-ItemZeroCopy /dev/null a }; Id = 'NotSeekable'; Says = 'Copy-ItemZeroCopy' }
        @{ Call = { Compare-ItemZeroCopy a ('x' * 300) }; Id = 'InvalidPath'; Says = 'Choose another name' }
        @{ Call = { Compare-ItemZeroCopy a root@h:x }; Id = 'InvalidPath'; Says = 'Receive-ItemZeroCopy' }
        @{ Call = { Compare-ItemZeroCopy a env:/PATH }; Id = 'NotFileSystem'; Says = 'Specify a path in the file system' }
        @{ Call = { Compare-ItemZeroCopy to source -Recurse -Include '[a' }; Id = 'InvalidPattern'; Says = 'Close its brackets' }
        @{ Call = { Compare-ItemZeroCopy mounts/loop mounts/loop -Recurse }; Id = 'FolderChanged'; Says = 'Unmount' }
    )
}

BeforeAll {
    . "$PSScriptRoot/Common.ps1"
    Import-Module "$PSScriptRoot/../../out/Splice"

    # The parameters that a sentence names; what follows the name of a command is that command's.
    function Get-NamedParameter([string] $Text) {
        foreach ($sentence in $Text -split '(?<=[.:;]) ') {
            [regex]::Matches(($sentence -csplit '\b[A-Z][a-z]+-[A-Z]\w+')[0], '(?<![\w-])-([A-Z]\w+)').ForEach({ $_.Groups[1].Value })
        }
    }
}

Describe 'Recommended actions' {
    BeforeAll {
        $script:folder = (New-Item -ItemType Directory "$TestDrive/$([guid]::NewGuid())").FullName
        $script:memory = Add-MemoryFolder
        Push-Location $folder
        [IO.File]::WriteAllBytes("$folder/a", (Get-TestByte 5000))
        [IO.File]::WriteAllText("$folder/b", 'b')
        [IO.File]::WriteAllText("$folder/one", '1')
        [IO.File]::WriteAllText("$folder/empty", '')
        $null = New-Item -ItemType Directory to, mount
        ln -s nowhere dangling
        Copy-Item (Get-Command sleep -CommandType Application)[0].Source program
        chmod +x program
        $script:running = Invoke-Process "$folder/program" 600
        [IO.File]::WriteAllText("$folder/mount/file", 'mounted')
        $null = New-Item -ItemType Directory source, bare, extra, typed/f, large, single, links, linked, nest/to, two/1, two/2, place, locked, growing
        Set-Content source/f, extra/f, extra/x, extra/y, typed/f/keep, single/file, linked/x, two/1/f, two/2/f text
        [IO.File]::WriteAllBytes("$folder/large/big", [byte[]]::new(300KB))
        [IO.File]::WriteAllBytes("$folder/growing/log", [byte[]]::new(20000))
        ln -s ../linked/x links/x
        ln -s ../b links/b
        $script:running = @(
            $running
            Invoke-Process flock "$folder/locked", sleep, 600
            Invoke-Process sh '-c', 'while sleep 0.01; do echo line >> "$0"; done', "$folder/growing/log"
        )
        $null = New-Item -ItemType Directory mounts/small, mounts/readonly, mounts/loop/in
        $script:isMounted = (id -u) -eq 0 -and $(mount --bind mount/file mount/file 2>$null; $LASTEXITCODE -eq 0)
        if ($isMounted) {
            mount -t tmpfs -o size=64k none mounts/small
            mount --bind single mounts/readonly
            mount -o remount,bind,ro mounts/readonly
            mount --bind mounts/loop mounts/loop/in
            mknod mounts/null c 1 3
        }
    }

    AfterAll {
        if ($isMounted) { umount mount/file mounts/small mounts/readonly mounts/loop/in }
        $running.Kill()
        Pop-Location
        Remove-Item -Recurse -LiteralPath $memory
    }

    It 'are for the cmdlet: <Call>' -ForEach $calls {
        if ("$Call" -match 'mount/file|\bmounts?\b' -and -not $isMounted) {
            Set-ItResult -Skipped -Because 'only root can mount'
            return
        }

        $ErrorActionPreference = 'Continue'

        # -WhatIf writes to the host: of what is missing there must be no word.
        $output = try { & $Call 2>&1 6>&1 } catch { $_ }
        $failure = @($output | Where-Object { $_ -is [System.Management.Automation.ErrorRecord] })
        $failure | Should -HaveCount 1
        @($output | Where-Object { "$_" -like 'What if*' }) | Should -BeNullOrEmpty
        ($failure[0].FullyQualifiedErrorId -split ',')[0] | Should -BeIn $Id
        $details = $failure[0].ErrorDetails
        $all = "$($details.Message) $($details.RecommendedAction)"
        foreach ($words in $Says) { $all | Should -BeLike "*$([WildcardPattern]::Escape($words))*" }
        foreach ($words in $Not) { $all | Should -Not -BeLike "*$([WildcardPattern]::Escape($words))*" }
        $failure[0].Exception.Message | Should -BeExactly $all
        $command = Get-Command ($failure[0].InvocationInfo.MyCommand.Name)
        foreach ($name in Get-NamedParameter $details.RecommendedAction) {
            $command.Parameters.Keys | Should -Contain $name -Because "$command is recommended -$name"
        }
    }
}

Describe 'Recommended actions of <_>' -ForEach 'Sync-ItemZeroCopy', 'Move-ItemZeroCopy', 'Compare-ItemZeroCopy' {
    BeforeAll {
        $script:command = Get-Command $_

        # The errors of the engine that it can get, each with every error number, and those that only others get.
        $own = @{ 'Sync-ItemZeroCopy' = 'Sync'; 'Move-ItemZeroCopy' = 'Moving'; 'Compare-ItemZeroCopy' = 'Comparing' }[$_]
        $shared = $_ -like 'Compare-*' ? 'Copying\.FileFailures|Transfer\.TransferFailures' : 'Copying(\.Trees)?|Transfer'
        $written = 'OpenDestination|NameDestination|Remove|OpenFolder|Cut|Flush\w*|Different|DestinationExists|DestinationIsDirectory|NotReadableAgain'
        $others = 'HashOfFolder|Range|Unreadable|InTheWay|OffsetPastEnd|CountPastEnd|Idle|StoppedWithOthers' + ($_ -like 'Compare-*' ? "|$written" : '')
        $script:factories = [Splice.TransferException].Assembly.GetTypes() |
            Where-Object FullName -Match "^Splice\.($own|$shared)(\.\w+)?$" |
            ForEach-Object { $_.GetMethods([Reflection.BindingFlags]'Static, Public, NonPublic, DeclaredOnly') } |
            Where-Object { $_.ReturnType -eq [Splice.TransferException] -and $_.Name -cnotmatch "^($others)$" -and $_.Name -notmatch '[<>]' }
    }

    It 'exist for each error of the engine, and name no parameter of others' {
        $known = 0
        foreach ($factory in $factories) {
            foreach ($errno in [Enum]::GetValues([Splice.Errno])) {
                $arguments = foreach ($parameter in $factory.GetParameters()) {
                    $type = $parameter.ParameterType
                    if ($type -eq [Splice.Errno]) { $errno }
                    elseif ($type.IsEnum) { [Enum]::GetValues($type)[0] }
                    elseif ($type -in [string], [object]) { '/srv/x' }
                    elseif ($type -eq [long]) { 5L }
                    elseif ($type -eq [bool]) { $true }
                    else { $null = $type }
                }
                if (@($arguments).Count -ne $factory.GetParameters().Count) { break }
                $known++
                $failure = $factory.Invoke($null, [object[]]@($arguments)).For({ param($name) $command.Parameters.ContainsKey($name) })
                $failure.RecommendedAction | Should -Not -BeLike '*about_Splice_Errors*' -Because "$($factory.Name) $errno of $command needs an action"
                if ($factory.GetParameters().ParameterType -notcontains [Splice.Errno]) { break }
            }
        }

        $known | Should -BeGreaterThan 100
    }
}
