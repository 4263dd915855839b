# Ctrl+C in a terminal and PowerShell.Stop() in a program are the same: the pipeline is stopped.

BeforeAll {
    . "$PSScriptRoot/Common.ps1"
    Import-Module "$PSScriptRoot/../../out/Splice"

    # Stops a script that would never end by itself, or only after a very long time.
    function Assert-Stop([object] $Background) {
        $Background.Shell.InvocationStateInfo.State | Should -Be Running
        $Background.Shell.BeginStop($null, $null).AsyncWaitHandle.WaitOne(30000) | Should -BeTrue -Because 'nothing may keep the user waiting'
        $Background.Shell.InvocationStateInfo.State | Should -Be Stopped
        $Background.Shell.Streams.Error | Should -BeNullOrEmpty
        $Background.Output | Should -BeNullOrEmpty
    }
}

Describe 'Stopping Copy-ItemZeroCopy' {
    BeforeEach {
        $script:folder = "$TestDrive/$([guid]::NewGuid())"
        $null = [IO.Directory]::CreateDirectory($folder)
        $script:old = "$folder/old"
        [IO.File]::WriteAllText($old, 'the old content')
        mkfifo "$folder/fifo"
    }

    AfterEach {
        Get-Content -LiteralPath $old | Should -Be 'the old content'
        (Get-ChildItem -Force $folder).Name | Should -Be 'fifo', 'old'
        Assert-Closed $folder
    }

    It 'in the middle of 10 GiB, with <_>' -ForEach 'Splice', 'ReadWrite' {
        $background = Invoke-Background 'Copy-ItemZeroCopy /dev/zero $args[0] -Count 10GB -Method $args[1] -RateLimit 200MB' $old, $_
        Wait-Until { (Get-OpenFile $folder).Size -gt 0 } 'a byte in the new file'
        Assert-Stop $background
    }

    It 'in the middle of several files: the next ones are not begun' {
        $background = Invoke-Background 'Copy-ItemZeroCopy /dev/zero, /dev/full, /dev/urandom $args[0] -Count 1PB -RateLimit 200MB' $folder
        Wait-Until { (Get-OpenFile $folder).Size -gt 0 } 'a byte in the new file'
        Assert-Stop $background
    }

    It 'while it goes to a device' {
        $background = Invoke-Background 'Copy-ItemZeroCopy /dev/zero /dev/null -Count 1000PB -Method ReadWrite'
        Wait-Until { Get-OpenFile /dev/zero } 'the source being opened'
        Assert-Stop $background
        Assert-Closed /dev/zero
    }

    It 'in the middle of appending' {
        [IO.File]::AppendAllText($old, [string]::new([char]0, 5000))
        $before = Get-Hash $old
        $background = Invoke-Background 'Copy-ItemZeroCopy /dev/zero $args[0] -Count 10GB -Append -Method ReadWrite -RateLimit 200MB' $old
        Wait-Until { [IO.FileInfo]::new($old).Length -gt 1MB } 'bytes at the end'
        Assert-Stop $background
        Get-Hash $old | Should -Be $before
        [IO.File]::WriteAllText($old, 'the old content')
    }

    It 'while it waits for the writer of a FIFO' {
        $background = Invoke-Background 'Copy-ItemZeroCopy $args[0] $args[1]' "$folder/fifo", $old
        Wait-Until { Get-OpenFile "$folder/fifo" } 'the FIFO being opened'
        Assert-Stop $background
    }

    It 'while the writer of a FIFO is silent' {
        $writer = Invoke-Process sh '-c', 'exec > "$1"; printf some; exec sleep 1000', 'sh', "$folder/fifo"
        try {
            $background = Invoke-Background 'Copy-ItemZeroCopy $args[0] $args[1]' "$folder/fifo", $old
            Wait-Until { (Get-OpenFile $folder).Size -eq 4 } 'the four bytes that there are'
            Assert-Stop $background
        }
        finally {
            $writer.Kill()
        }
    }

    It 'while it waits for the reader of a FIFO' {
        $background = Invoke-Background 'Copy-ItemZeroCopy $args[0] $args[1]' $old, "$folder/fifo"
        Wait-Until { Get-OpenFile $old } 'the source being opened'
        Assert-Stop $background
    }

    It 'while a rate keeps it waiting' {
        # A block is the least that -Sparse Always reads: the first would come after an hour.
        $background = Invoke-Background 'Copy-ItemZeroCopy /dev/zero $args[0] -Count 1MB -Sparse Always -RateLimit 1' $old
        Wait-Until { Get-OpenFile "$folder/#" } 'the new file being opened'
        Assert-Stop $background
    }

    It 'while it waits for the next try' {
        $background = Invoke-Background 'Copy-ItemZeroCopy /proc/self/mem $args[0] -Method ReadWrite -RetryCount 1 -RetryInterval 1.00:00:00' $old
        Wait-Until { Get-OpenFile "$folder/#" } 'the new file being opened'
        Assert-Stop $background
    }

    It 'while the reader of a FIFO does not read, with <_>' -ForEach 'Auto', 'Splice', 'ReadWrite' {
        $background = Invoke-Background 'Copy-ItemZeroCopy /dev/zero $args[0] -Count 1GB -Method $args[1]' "$folder/fifo", $_
        $reader = [IO.File]::OpenRead("$folder/fifo")
        try {
            $reader.ReadByte() | Should -Be 0
            Assert-Stop $background
        }
        finally {
            $reader.Dispose()
        }
    }
}

Describe 'Stopping Copy-ItemZeroCopy -Recurse' {
    BeforeEach {
        $script:folder = Add-MemoryFolder
        $null = [IO.Directory]::CreateDirectory("$folder/site/sub")
    }

    AfterEach {
        Assert-Closed $folder
        Wait-Until { -not (Get-CopyThread) } 'the threads have ended'
        find $folder -name '.*' | Should -BeNullOrEmpty
        Remove-Item -Recurse $folder
    }

    It 'in the middle of large files: what is there is whole' {
        # Many names of one file: much to copy, and little room taken before it is.
        [IO.File]::WriteAllBytes("$folder/site/0", (Get-TestByte 16MB))
        1..100 | ForEach-Object { "$folder/site/sub/$_" } | xargs -n 1 ln "$folder/site/0"
        $background = Invoke-Background 'Copy-ItemZeroCopy $args[0] $args[1] -Recurse -Method ReadWrite -ThrottleLimit 2 -RateLimit 40MB' "$folder/site", "$folder/copy"
        Wait-Until { Test-Path "$folder/copy/sub/*" } 'the first file'
        Assert-Stop $background
        $copied = @(Get-ChildItem -Recurse -File "$folder/copy")
        $copied.Count | Should -BeLessThan 101
        ($copied | Get-FileHash).Hash | Sort-Object -Unique | Should -Be (Get-Hash "$folder/site/0")
    }

    It 'while whoever takes the results does not come back' {
        1..1500 | ForEach-Object { "$folder/site/sub/$_" } | xargs touch
        $background = Invoke-Background 'Copy-ItemZeroCopy $args[0] $args[1] -Recurse -PerFile | ForEach-Object { Start-Sleep 1000 }' "$folder/site", "$folder/copy"
        Wait-Until { Test-Path "$folder/copy/sub/*" } 'the first file'
        Assert-Stop $background
        # So many results wait at most, and one a thread.
        @(Get-ChildItem "$folder/copy/sub").Count | Should -BeLessThan 1500
    }

    It 'while it waits for a FIFO that is named among folders: the next ones are not begun' {
        mkfifo "$folder/fifo"
        $background = Invoke-Background 'Copy-ItemZeroCopy $args[0] $args[1] -Recurse' @("$folder/fifo", "$folder/site"), "$folder/copy"
        Wait-Until { Get-OpenFile "$folder/fifo" } 'the FIFO being opened'
        Assert-Stop $background
        # Nothing was copied into the new folder.
        Test-Path "$folder/copy" | Should -BeFalse
    }
}

Describe 'Stopping with Ctrl+C' {
    It 'reports on the terminal how far it is, and how to continue: <Cmdlet> <Options>' -ForEach @(
        @{ Options = '-Resume'; Says = "*WARNING: Copying 'F/source' to 'F/to' was stopped after *B. * MiB are kept in a partial file. Run the same command again to continue. To give up, remove 'F/to.*.splice-partial'.*" }
        @{ Options = '-Resume -Recurse'; From = '.'; Says = '*WARNING: Copying * was stopped after * complete file* (*). Run the same command again to continue.*' }
        @{ Options = '-Resume -Recurse -PerFile | ForEach-Object { Start-Sleep 1000 }'; From = '.'; Says = '*WARNING: Copying * was stopped after * complete file* (*). Run the same command again to continue.*' }
        @{ Options = '-Recurse'; From = '.'; Says = "*WARNING: Copying * was stopped after * complete file* (*). 'F.copy' is incomplete. To complete it, run Sync-ItemZeroCopy F F.copy.*" }
        @{ Cmdlet = 'Sync-ItemZeroCopy'; From = '.'; Says = '*WARNING: Copying * was stopped after * complete file* (*). Run the same command again to continue.*' }
        @{ Options = '-Resume -WarningAction SilentlyContinue'; Says = '' }
        @{ Options = ''; Says = '' }
    ) {
        $folder = (New-Item -ItemType Directory "$TestDrive/$([guid]::NewGuid())").FullName
        [IO.File]::WriteAllBytes("$folder/source", (Get-TestByte 5000000))
        $null = New-Item -ItemType Directory "$folder/sub"
        $null = New-Item "$folder/sub/a" # empty: the rate does not delay it
        $to = $From ? "$folder.copy" : "$folder/to"
        $process = Invoke-Process pwsh '-NoProfile', '-Command', "
            Import-Module '$((Get-Module Splice).Path)'
            `$ProgressPreference = 'SilentlyContinue'
            $($Cmdlet ?? 'Copy-ItemZeroCopy -Method ReadWrite') '$folder/$($From ?? 'source')' '$to' -RateLimit 1MB $Options"
        Wait-Until { Get-OpenFile "$folder/source" $process.Id } 'the copy being begun'
        if ($Options -like '-Resume*') { Wait-Until { (Get-ChildItem -Recurse $folder, "$folder.copy" -Filter *.splice-partial -ErrorAction Ignore).Length -gt 1MB } 'bytes in a partial file' }
        if ($Options -like '*-PerFile*') { Wait-Until { Test-Path "$to/sub/a" } 'the first result' }
        kill -s INT $process.Id
        $process.WaitForExit(30000) | Should -BeTrue
        $text = $process.StandardOutput.ReadToEnd() -replace '\s+', ' ' -replace '\e\[[\d;]*m'
        if ($Says) { $text | Should -BeLike $Says.Replace('F/', "$folder/").Replace('F.', "$folder.").Replace(' F ', " $folder ") } else { $text.Trim() | Should -BeNullOrEmpty }
    }

    It 'leaves with -Resume the old file and what has arrived, with which the same command goes on' {
        Skip-WithoutRoot
        $folder = "$TestDrive/$([guid]::NewGuid())"
        $null = [IO.Directory]::CreateDirectory($folder)
        [IO.File]::WriteAllText("$folder/old", 'the old content')
        truncate --size 100G "$folder.image"
        $device = losetup --find --show "$folder.image"
        if (-not $device) {
            Set-ItResult -Skipped -Because 'there is no loop device'
        }

        try {
            $size = 0
            foreach ($round in 1, 2) {
                $background = Invoke-Background 'Copy-ItemZeroCopy $args[0] $args[1] -Resume -Method ReadWrite -RateLimit 200MB' $device, "$folder/old"
                Wait-Until { (Get-Item "$folder/*.splice-partial" -ErrorAction Ignore).Length -gt $size + 1MB } 'more bytes'
                Assert-Stop $background
                Get-Content -LiteralPath "$folder/old" | Should -Be 'the old content'
                $left = @(Get-Item "$folder/*.splice-partial")
                $left.Count | Should -Be 1
                $left[0].Length | Should -BeGreaterThan $size
                $size = $left[0].Length
            }

            (Get-ChildItem -Force $folder).Count | Should -Be 2
        }
        finally {
            losetup --detach $device
            Remove-Item "$folder.image", "$folder/*.splice-partial"
        }
    }
}

Describe 'Stopping Invoke-Splice' {
    BeforeEach {
        $script:target = "$TestDrive/$([guid]::NewGuid())"
        $script:out = [IO.FileStream]::new($target, 'Create', 'ReadWrite', 'ReadWrite')
        $script:pipe = [IO.Pipes.AnonymousPipeServerStream]::new('Out')
        $script:reader = [IO.Pipes.AnonymousPipeClientStream]::new('In', $pipe.ClientSafePipeHandle)
    }

    AfterEach {
        $out.Dispose()
        $pipe.Dispose()
        $reader.Dispose()
    }

    It 'while a pipe is silent; what has arrived is told by the position' {
        $pipe.Write([byte[]](1, 2, 3))
        $background = Invoke-Background 'Invoke-Splice $args[0] $args[1]' $reader, $out
        Wait-Until { [IO.FileInfo]::new($target).Length -eq 3 } 'the three bytes'
        Assert-Stop $background
        $out.Position | Should -Be 3
    }

    It 'while a pipe is full; what has left is told by the position' {
        [IO.File]::WriteAllBytes("$target.large", [byte[]]::new(1MB))
        $in = [IO.File]::OpenRead("$target.large")
        $background = Invoke-Background 'Invoke-Splice $args[0] $args[1]' $in, $pipe
        $reader.ReadByte() | Should -Be 0
        Assert-Stop $background
        $left = $in.Position
        $in.Dispose()
        $left | Should -BeLessThan 1MB
        $pipe.Dispose()
        $rest = [IO.MemoryStream]::new()
        $reader.CopyTo($rest)
        $left | Should -Be ($rest.Length + 1)
    }

    It 'by the progress bar; what has arrived is told by the position' {
        $pipe.Write([byte[]](1, 2, 3))
        $background = Invoke-Background 'Invoke-Splice $args[0] $args[1] -ProgressAction Stop' $reader, $out
        Wait-Until { [IO.FileInfo]::new($target).Length -eq 3 } 'the three bytes'
        # Progress is reported after each step, and the first bar comes after a second.
        $written = 3
        while (-not $background.Invocation.IsCompleted -and $written -lt 250) {
            $written++
            $pipe.WriteByte($written)
            Start-Sleep -Milliseconds 100
        }

        Wait-Background $background
        { $background.Shell.EndInvoke($background.Invocation) } | Should -Throw
        $background.Shell.Dispose()
        $arrived = $out.Position
        $arrived | Should -BeGreaterOrEqual 3
        Assert-Content $target ([byte[]](1..$arrived))
        $pipe.Dispose()
        $rest = [IO.MemoryStream]::new()
        $reader.CopyTo($rest)
        $arrived + $rest.Length | Should -Be $written
    }

    It 'by closing the stream is an error of the cmdlet' {
        $background = Invoke-Background 'Invoke-Splice $args[0] $args[1]' $reader, $out
        $pipe.Write([byte[]](1, 2, 3))
        Wait-Until { [IO.FileInfo]::new($target).Length -eq 3 } 'the three bytes'
        $out.Dispose()
        $pipe.Write([byte[]](4, 5))
        $pipe.Dispose()
        Wait-Background $background
        $null = $background.Shell.EndInvoke($background.Invocation)
        $background.Shell.Streams.Error.FullyQualifiedErrorId | Should -BeExactly 'HandleClosed,Splice.Commands.InvokeSpliceCommand'
        $background.Shell.Dispose()
    }

    It 'while a peer <_>' -ForEach 'says nothing', 'does not listen' {
        $listener = [Net.Sockets.TcpListener]::new([Net.IPAddress]::Loopback, 0)
        $listener.Start()
        $client = [Net.Sockets.TcpClient]::new()
        $client.Connect($listener.LocalEndpoint)
        $peer = $listener.AcceptSocket()
        $flags = Get-DescriptorFlag $peer
        try {
            if ($_ -eq 'says nothing') {
                $null = $client.Client.Send([byte[]](1, 2, 3))
                $background = Invoke-Background 'Invoke-Splice $args[0] $args[1]' $peer, $out
                Wait-Until { [IO.FileInfo]::new($target).Length -eq 3 } 'the three bytes'
            }
            else {
                $zero = [IO.File]::OpenRead('/dev/zero')
                $background = Invoke-Background 'Invoke-Splice $args[0] $args[1] -Count 1GB' $zero, $peer
                Wait-Until { $client.Available -gt 0 } 'the first bytes'
            }

            Assert-Stop $background
            $peer.Blocking | Should -BeTrue
            Get-DescriptorFlag $peer | Should -Be $flags -Because 'the mode of the socket is its owner''s'
        }
        finally {
            $client.Dispose()
            $peer.Dispose()
            $listener.Stop()
        }
    }
}

Describe 'A shell of its own that gets SIG<Signal>' -ForEach @(
    @{ Signal = 'INT' }
    @{ Signal = 'TERM' }
    @{ Signal = 'KILL' }
) {
    BeforeEach {
        $script:folder = "$TestDrive/$([guid]::NewGuid())"
        $null = [IO.Directory]::CreateDirectory($folder)
        $script:old = "$folder/old"
        [IO.File]::WriteAllText($old, 'the old content')
    }

    It 'in the middle of a copy ends, and the old file is there' {
        $process = Invoke-Process pwsh '-NoProfile', '-Command', @"
            Import-Module '$((Get-Module Splice).Path)'
            try {
                Copy-ItemZeroCopy /dev/zero '$old' -Count 10GB -Method ReadWrite -RateLimit 200MB
            }
            finally {
                Set-Content '$folder.finally' 'here'
            }
"@
        Wait-Until { (Get-OpenFile "$folder/" $process.Id).Size -gt 0 } 'a byte in the new file'
        kill -s $Signal $process.Id
        $process.WaitForExit(30000) | Should -BeTrue
        $process.ExitCode | Should -Not -Be 0
        Get-Content -LiteralPath $old | Should -Be 'the old content'
        (Get-ChildItem -Force $folder).Name | Should -Be 'old'
        if ($Signal -eq 'INT') {
            "$folder.finally" | Should -Exist
        }
    }
}
