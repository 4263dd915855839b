BeforeAll {
    . "$PSScriptRoot/Common.ps1"
    Import-Module "$PSScriptRoot/../../out/Splice"
    $script:content = Get-TestByte 300000
    $script:source = "$TestDrive/source"
    [IO.File]::WriteAllBytes($source, $content)

    # A process whose input and output are ours.
    function Open-Process([string] $Name, [string[]] $ArgumentList = @()) {
        $start = [Diagnostics.ProcessStartInfo]::new($Name, $ArgumentList)
        $start.RedirectStandardInput = $true
        $start.RedirectStandardOutput = $true
        [Diagnostics.Process]::Start($start)
    }

    # The two ends of a TCP connection.
    function Connect-Pair([Net.IPAddress] $Address) {
        $listener = [Net.Sockets.TcpListener]::new($Address, 0)
        $listener.Start()
        $client = [Net.Sockets.Socket]::new($Address.AddressFamily, 'Stream', 'Tcp')
        $client.Connect($listener.LocalEndpoint)
        $server = $listener.AcceptSocket()
        $listener.Stop()
        $client, $server
    }
}

Describe 'Copy-StreamZeroCopy' {
    BeforeEach {
        $script:folder = "$TestDrive/$([guid]::NewGuid())"
        $null = [IO.Directory]::CreateDirectory($folder)
    }

    Context 'sources' {
        It 'a path, relative to $PWD, taken literally' {
            Push-Location $folder
            try {
                [IO.File]::WriteAllBytes("$folder/a[1]*.bin", $content)
                $result = Copy-StreamZeroCopy 'a[1]*.bin' copy
            }
            finally {
                Pop-Location
            }

            $result | Should -BeOfType Splice.TransferResult
            $result.Destination | Should -BeExactly "$folder/copy"
            Assert-Content "$folder/copy" $content
        }

        It 'a FileInfo' {
            $null = Copy-StreamZeroCopy (Get-Item $source) ([IO.FileInfo]"$folder/copy")
            Assert-Content "$folder/copy" $content
        }

        It 'bytes, and a range of them' {
            $result = Copy-StreamZeroCopy $content "$folder/copy" -Offset 10 -Count 1000
            $result.Source | Should -Be '300000 bytes'
            Assert-Content "$folder/copy" $content[10..1009]
        }

        It 'a FileStream, whose position and buffer count' {
            $in = [IO.File]::OpenRead($source)
            $out = [IO.File]::Create("$folder/copy")
            $null = $in.ReadByte()
            $out.WriteByte(7)
            $null = Copy-StreamZeroCopy $in $out, "$folder/other" -Count 1000
            $in.Position, $out.Position | Should -Be 1001, 1001
            $in.ReadByte() | Should -Be $content[1001]
            $out.WriteByte(8)
            $in.Dispose()
            $out.Dispose()
            Assert-Content "$folder/copy" (@(7) + $content[1..1000] + @(8))
            Assert-Content "$folder/other" $content[1..1000]
        }

        It 'the output of a process' {
            $process = Open-Process cat $source
            $null = Copy-StreamZeroCopy $process.StandardOutput "$folder/copy"
            $process.WaitForExit()
            Assert-Content "$folder/copy" $content
        }

        It 'an output of which a StreamReader has read ahead is refused' {
            $process = Open-Process printf 'one\ntwo\n'
            $process.StandardOutput.ReadLine() | Should -Be one
            $failure = Get-Failure { Copy-StreamZeroCopy $process.StandardOutput "$folder/copy" }
            $failure.FullyQualifiedErrorId | Should -Be 'SourceBuffered,Splice.Commands.CopyStreamZeroCopyCommand'
            $process.StandardOutput.ReadLine() | Should -Be two
            (Copy-StreamZeroCopy $process.StandardOutput "$folder/copy").BytesCopied | Should -Be 0
        }

        It 'an output of which a part of a character was read is refused' {
            $process = Open-Process sh '-c', 'printf "a\303"; read line; printf "\244"'
            $process.StandardOutput.Read() | Should -Be 97
            (Get-Failure { Copy-StreamZeroCopy $process.StandardOutput "$folder/copy" }).FullyQualifiedErrorId | Should -BeLike 'SourceBuffered,*'
            $process.StandardInput.Close()
        }

        It '<Name> is refused' -ForEach @(
            @{ Name = 'nothing'; Value = $null }
            @{ Name = 'a fraction'; Value = 1.5 }
            @{ Name = 'a stream in memory'; Value = [IO.MemoryStream]::new() }
            @{ Name = 'a list'; Value = @('a', 'b') }
            @{ Name = 'an empty path'; Value = '' }
        ) {
            { Copy-StreamZeroCopy $Value "$folder/copy" } | Should -Throw -ErrorId 'ParameterArgumentTransformationError,*'
        }

        It 'that is not there is one error, whatever the destinations' {
            $failure = Get-Failure { Copy-StreamZeroCopy "$folder/nothing" "$folder/a", "$folder/b" }
            Assert-Failure $failure 'SourceNotFound,Splice.Commands.CopyStreamZeroCopyCommand' ObjectNotFound "$folder/nothing" 'Cannot find'
        }
    }

    Context 'destinations' {
        It 'several, one result each, in their order' {
            $pipe = New-SplicePipe -Capacity 512KB
            $results = Copy-StreamZeroCopy $source "$folder/a", $pipe, /dev/null, "$folder/b"
            "$($results.Destination)" | Should -BeLike "$folder/a pipe:* /dev/null $folder/b"
            $results.BytesCopied | Should -Be 300000, 300000, 300000, 300000
            $null = Copy-StreamZeroCopy $pipe "$folder/c" -Count 300000
            $pipe.Dispose()
            'a', 'b', 'c' | ForEach-Object { Assert-Content "$folder/$_" $content }
        }

        It 'a folder, which receives the source under its name, as in the help' {
            $null = New-Item -ItemType Directory "$folder/to", "$folder/taken/source"
            (Copy-StreamZeroCopy $source "$folder/to").Destination | Should -BeExactly "$folder/to/source"
            Assert-Content "$folder/to/source" $content
            $failure = Get-Failure { Copy-StreamZeroCopy $source "$folder/taken" }
            Assert-Failure $failure 'DestinationExists,Splice.Commands.CopyStreamZeroCopyCommand' ResourceExists "$folder/taken/source" 'is a folder'
            $help = (Get-Help Copy-StreamZeroCopy -Parameter Destination).description.Text
            $help | Should -BeLike '*a folder receives the source under its name*'
        }

        It 'processes, which come to the end with -CloseDestination' {
            $processes = 1..3 | ForEach-Object { Open-Process sha256sum }
            $null = Copy-StreamZeroCopy $source $processes.StandardInput -CloseDestination
            $hash = (Get-Hash $source).ToLowerInvariant()
            $processes | ForEach-Object { $_.StandardOutput.ReadToEnd() } | Should -Be "$hash  -`n", "$hash  -`n", "$hash  -`n"
        }

        It 'what a StreamWriter holds goes first' {
            $process = Open-Process cat
            $process.StandardInput.AutoFlush = $false
            $process.StandardInput.Write('first ')
            $null = Copy-StreamZeroCopy ([byte[]][char[]]'second') $process.StandardInput -CloseDestination
            $process.StandardOutput.ReadToEnd() | Should -Be 'first second'
        }

        It 'a socket over <_>, which is only shut down by -CloseDestination' -ForEach '127.0.0.1', '::1' {
            $from, $to = Connect-Pair ([Net.IPAddress]::Parse($_))
            $before = Get-DescriptorFlag $from
            $null = Copy-StreamZeroCopy $content $from -CloseDestination
            $null = Copy-StreamZeroCopy $to "$folder/copy"
            Get-DescriptorFlag $from | Should -Be $before
            $null = $to.Send([byte[]](1, 2))
            $from.Receive([byte[]]::new(10)) | Should -Be 2
            $from.Dispose()
            $to.Dispose()
            Assert-Content "$folder/copy" $content
        }

        It 'a pipe, a handle and a number are closed by -CloseDestination, also after an error' {
            $pipes = 1..3 | ForEach-Object { New-SplicePipe }
            [int] $number = $pipes[2].WriteEnd.DangerousGetHandle()
            $null = Get-Failure { Copy-StreamZeroCopy "$folder/nothing" $pipes[0], $pipes[1].WriteEnd -CloseDestination }
            $pipes[0].WriteEnd.IsClosed, $pipes[1].WriteEnd.IsClosed | Should -Be $true, $true
            $null = Copy-StreamZeroCopy ([byte[]](1, 2, 3)) $number -CloseDestination
            Test-Path "/proc/self/fd/$number" | Should -BeFalse
            $pipes[2].WriteEnd.SetHandleAsInvalid()
            $pipes | ForEach-Object Dispose
        }

        It 'a pipe is closed by -CloseDestination where the source is missing, with -Verbose' {
            $pipe = New-SplicePipe
            { Copy-StreamZeroCopy "$folder/nothing" $pipe -CloseDestination -Verbose -ErrorAction Stop 4> $null } | Should -Throw -ErrorId 'SourceNotFound*'
            $pipe.WriteEnd.IsClosed | Should -BeTrue
            $pipe.Dispose()
            $pipe = New-SplicePipe
            (Get-Failure { Copy-StreamZeroCopy "$folder/nothing" $pipe -CloseDestination -Verbose 4> $null }).Count | Should -Be 1
            $pipe.WriteEnd.IsClosed | Should -BeTrue
            $pipe.Dispose()
        }

        It 'a pipe stays open with -WhatIf' {
            $pipe = New-SplicePipe
            Copy-StreamZeroCopy $source $pipe -CloseDestination -WhatIf
            $null = Get-Failure { Copy-StreamZeroCopy "$folder/nothing" $pipe -CloseDestination -WhatIf }
            $pipe.WriteEnd.IsClosed | Should -BeFalse
            $pipe.Dispose()
        }

        It 'a path is closed anyway: -CloseDestination changes nothing' {
            Push-Location $folder
            try {
                (Copy-StreamZeroCopy $source copy -CloseDestination).BytesCopied | Should -Be 300000
                Assert-Content "$folder/copy" $content
                $failure = Get-Failure { Copy-StreamZeroCopy $source missing/copy -CloseDestination }
                Assert-Failure $failure 'DestinationFolderNotFound,Splice.Commands.CopyStreamZeroCopyCommand' ObjectNotFound "$folder/missing/copy" 'ENOENT'
            }
            finally {
                Pop-Location
            }
        }

        It 'one that fails is an error that says how much it got, and the others go on' {
            $pipe = New-SplicePipe
            $pipe.ReadEnd.Dispose()
            $failures = Get-Failure { $script:results = Copy-StreamZeroCopy $source "$folder/a", $pipe, "$folder/no/b", /dev/full, "$folder/c" }
            $failures.FullyQualifiedErrorId -replace ',.*' | Should -Be 'ReaderGone', 'DestinationFolderNotFound', 'DiskFull'
            $failures[0].Exception.Partial.BytesCopied | Should -Be 0
            $results.Destination | Should -Be "$folder/a", "$folder/c"
            'a', 'c' | ForEach-Object { Assert-Content "$folder/$_" $content }
            $pipe.Dispose()
        }

        It '-StopOnError ends all' {
            [IO.File]::WriteAllText("$folder/a", 'old')
            $failures = Get-Failure { Copy-StreamZeroCopy $source "$folder/a", /dev/full -StopOnError }
            $failures.FullyQualifiedErrorId -replace ',.*' | Should -Be 'Cancelled', 'DiskFull'
            Get-Content "$folder/a" | Should -Be 'old'
        }

        It 'a path is replaced at the end only: <Name>' -ForEach @(
            @{ Name = 'one'; Count = 1 }
            @{ Name = 'two'; Count = 2 }
        ) {
            $paths = 1..$Count | ForEach-Object { "$folder/$_" }
            foreach ($path in $paths) { [IO.File]::WriteAllText($path, 'old') }
            $pipe = New-SplicePipe
            $null = Copy-StreamZeroCopy ([byte[]](1..100)) $pipe
            $failures = Get-Failure { Copy-StreamZeroCopy $pipe $paths -IdleTimeout 0.1 }
            $failures.FullyQualifiedErrorId -replace ',.*' | Should -Be (@('IdleTimeout') * $Count)
            $failures.Count | Should -Be $Count
            $failures[0].CategoryInfo.Category | Should -Be OperationTimeout
            $failures[0].Exception.Partial.BytesCopied | Should -Be 100
            Get-Content $paths | Should -Be (@('old') * $Count)
            (Get-ChildItem -Force $folder).Count | Should -Be $Count
            $pipe.CloseWrite()
            $pipe.Dispose()
        }

        It '-WhatIf touches nothing' {
            Copy-StreamZeroCopy $source "$folder/a", "$folder/b" -WhatIf | Should -BeNullOrEmpty
            Get-ChildItem $folder | Should -BeNullOrEmpty
        }

        It 'bytes are none' {
            { Copy-StreamZeroCopy $source $content } | Should -Throw -ErrorId 'ParameterArgumentTransformationError,*'
        }
    }

    Context 'consistency' {
        It 'Copy has the bytes of the move, to <_> destinations' -ForEach 1, 3 {
            $file = "$folder/file"
            [IO.File]::WriteAllBytes($file, $content)
            $pipes = 1..$_ | ForEach-Object { New-SplicePipe -Capacity 512KB }
            $null = Copy-StreamZeroCopy $file $pipes -Consistency Copy
            $stream = [IO.File]::OpenWrite($file)
            $stream.Write([byte[]]::new(300000))
            $stream.Dispose()
            foreach ($pipe in $pipes) {
                $null = Copy-StreamZeroCopy $pipe "$folder/copy" -Count 300000
                Assert-Content "$folder/copy" $content
                $pipe.Dispose()
            }
        }
    }

    Context 'progress' {
        It 'shows bytes, rate and time left, to <_> destinations' -ForEach 1, 2 {
            $paths = 1..$_ | ForEach-Object { "$folder/$_" }
            $background = Invoke-Background 'Copy-StreamZeroCopy $args[0] $args[1] -RateLimit 150000' $source, $paths
            Wait-Background $background
            $records = $background.Shell.Streams.Progress
            $records[0].Activity | Should -BeExactly "Copying $source"
            $records[0].StatusDescription | Should -Match '^[\d.,]+ \w+ of 293 KiB, [\d.,]+ \w+/s$'
            $records[0].PercentComplete | Should -BeIn (1..100)
            $records[0].SecondsRemaining | Should -BeGreaterOrEqual 0
            $records[$records.Count - 1].RecordType | Should -Be Completed
        }
    }

    Context 'stopping' {
        It 'while the source is silent, to <_> destinations' -ForEach 1, 3 {
            $pipe = New-SplicePipe
            $paths = 1..$_ | ForEach-Object { "$folder/$_" }
            $background = Invoke-Background 'Copy-StreamZeroCopy $args[0] $args[1]' $pipe, $paths
            Wait-Until { @(Get-OpenFile "$folder/#").Count -eq @($paths).Count } 'the new files being opened'
            $background.Shell.BeginStop($null, $null).AsyncWaitHandle.WaitOne(30000) | Should -BeTrue
            $background.Shell.InvocationStateInfo.State | Should -Be Stopped
            $background.Shell.Streams.Error | Should -BeNullOrEmpty
            $background.Output | Should -BeNullOrEmpty
            Wait-Until { -not (Get-OpenFile $folder) } 'the new files being thrown away'
            Get-ChildItem -Force $folder | Should -BeNullOrEmpty
            $pipe.Dispose()
        }
    }

    Context 'at once' {
        It 'a hundred transfers from several runspaces leave the right bytes, and no descriptor' {
            $module = (Get-Module Splice).Path
            $script = {
                Import-Module $using:module
                $pipe = New-SplicePipe
                $start = [Diagnostics.ProcessStartInfo]::new('cat', [string[]]$using:source)
                $start.RedirectStandardOutput = $true
                $process = [Diagnostics.Process]::Start($start)
                $null = Copy-StreamZeroCopy $process.StandardOutput "$using:folder/$_.a", "$using:folder/$_.b", /dev/null
                $process.WaitForExit()
                $process.Dispose()
                $pipe.Dispose()
            }
            1..10 | ForEach-Object -Parallel $script -ThrottleLimit 20
            [GC]::Collect()
            [GC]::WaitForPendingFinalizers()
            $before = (Get-ChildItem /proc/self/fd).Count
            1..100 | ForEach-Object -Parallel $script -ThrottleLimit 20
            [GC]::Collect()
            [GC]::WaitForPendingFinalizers()
            (Get-ChildItem /proc/self/fd).Count | Should -BeLessThan ($before + 50)
            Get-ChildItem $folder | Get-FileHash | Group-Object Hash | ForEach-Object Count | Should -Be 200
            (Get-FileHash "$folder/1.a").Hash | Should -Be (Get-Hash $source)
            Get-ChildProcess | Should -BeNullOrEmpty
        }

        It 'two transfers over one socket put its mode back' {
            $from, $to = Connect-Pair ([Net.IPAddress]::Loopback)
            $before = Get-DescriptorFlag $from
            $silent = New-SplicePipe
            $background = Invoke-Background 'Copy-StreamZeroCopy $args[0] $args[1]' $silent, $from
            Wait-Until { (Get-DescriptorFlag $from) -ne $before } 'the first transfer'
            $null = Copy-StreamZeroCopy ([byte[]](1, 2, 3)) $from
            Get-DescriptorFlag $from | Should -Not -Be $before
            $silent.CloseWrite()
            Wait-Background $background
            Get-DescriptorFlag $from | Should -Be $before
            $from.Dispose()
            $to.Dispose()
            $silent.Dispose()
        }
    }
}
