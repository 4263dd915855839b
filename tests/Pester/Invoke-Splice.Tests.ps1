BeforeAll {
    . "$PSScriptRoot/Common.ps1"
    Import-Module "$PSScriptRoot/../../out/Splice"
    $script:content = Get-TestByte 50000
    $script:source = "$TestDrive/source"
    [IO.File]::WriteAllBytes($source, $content)
}

Describe 'Invoke-Splice' {
    BeforeEach {
        $script:target = "$TestDrive/$([guid]::NewGuid())"
        $script:in = [IO.File]::OpenRead($source)
        $script:out = [IO.File]::Create($target)
    }

    AfterEach {
        $in.Dispose()
        $out.Dispose()
    }

    Context 'file streams' {
        It 'move the whole file, and stand at its end' {
            $result = Invoke-Splice -Source $in -Destination $out
            $result | Should -BeOfType Splice.TransferResult
            $result.BytesCopied | Should -Be 50000
            $result.Method | Should -Be Splice
            $result.Source | Should -BeExactly $source
            $result.Destination | Should -BeExactly $target
            $in.Position | Should -Be 50000
            $out.Position | Should -Be 50000
            $out.Dispose()
            Assert-Content $target $content
        }

        It 'stand at the end of holes too, where the next one begins' {
            $null = & truncate -s 1M "$target.sparse"
            [IO.File]::AppendAllBytes("$target.sparse", $content)
            $sparse = [IO.File]::OpenRead("$target.sparse")
            try {
                $null = Invoke-Splice $sparse $out
                $sparse.Position | Should -Be (1MB + 50000)
                $out.Position | Should -Be (1MB + 50000)
                (Invoke-Splice $in $out).DestinationOffset | Should -Be (1MB + 50000)
            }
            finally {
                $sparse.Dispose()
            }
        }

        It 'have nothing more at the end' {
            $null = Invoke-Splice $in $out
            (Invoke-Splice $in $out).BytesCopied | Should -Be 0
            $in.Position | Should -Be 50000
        }

        It 'go on where reading and writing stopped, whatever their buffers hold' {
            $null = $in.ReadByte()
            $null = $in.ReadByte()
            $out.WriteByte(1)
            $result = Invoke-Splice $in $out -Count 10
            $result.Offset | Should -Be 2
            $result.DestinationOffset | Should -Be 1
            $in.Position | Should -Be 12
            $in.ReadByte() | Should -Be $content[12]
            $out.Position | Should -Be 11
            $out.WriteByte(2)
            $out.Dispose()
            Assert-Content $target (@(1) + $content[2..11] + @(2))
        }

        It 'stay where they are with offsets' {
            $null = $in.ReadByte()
            $result = Invoke-Splice $in $out -Offset 100 -Count 10 -DestinationOffset 5
            $result.Offset | Should -Be 100
            $in.Position | Should -Be 1
            $in.ReadByte() | Should -Be $content[1]
            $out.Position | Should -Be 0
            $out.Dispose()
            Assert-Content $target (@(0, 0, 0, 0, 0) + $content[100..109])
        }

        It 'take offset and count by position' {
            (Invoke-Splice $in $out 100 10).BytesCopied | Should -Be 10
        }

        It 'show what was written after they had read' {
            $both = [IO.FileStream]::new("$target.both", 'Create', 'ReadWrite')
            try {
                $both.Write([byte[]]::new(10))
                $both.Position = 0
                $null = $both.Read([byte[]]::new(10))
                $null = Invoke-Splice $in $both -Offset 0 -Count 10 -DestinationOffset 0
                $both.Position = 0
                $both.ReadByte() | Should -Be $content[0]
            }
            finally {
                $both.Dispose()
            }
        }

        It 'opened to append do so' {
            [IO.File]::WriteAllBytes("$target.log", [byte[]](1, 2))
            $log = [IO.FileStream]::new("$target.log", [IO.FileMode]::Append)
            $null = Invoke-Splice $in $log -Count 2
            $log.Dispose()
            Assert-Content "$target.log" (@(1, 2) + $content[0..1])
        }

        It 'lead on to the file' {
            (Invoke-Splice $in $out | Get-Item).FullName | Should -BeExactly $target
        }

        It 'made of handles have the names of the files behind them' {
            $from = [IO.FileStream]::new($in.SafeFileHandle, 'Read', 0)
            $borrowed = [Microsoft.Win32.SafeHandles.SafeFileHandle]::new($out.SafeFileHandle.DangerousGetHandle(), $false)
            $to = [IO.FileStream]::new($borrowed, 'Write', 0)
            $result = Invoke-Splice $from $to
            $from.Dispose()
            $to.Dispose()
            $result.Source | Should -BeExactly $source
            $result.Destination | Should -BeExactly $target
        }

        It 'stay open' {
            $null = Invoke-Splice $in $out
            $in.SafeFileHandle.IsClosed | Should -BeFalse
            $out.SafeFileHandle.IsClosed | Should -BeFalse
        }
    }

    Context 'handles and descriptors' {
        It 'a SafeFileHandle, whose position moves on' {
            $from = [IO.File]::OpenHandle($source)
            $to = [IO.File]::OpenHandle("$target.handle", 'Create', 'Write')
            $first = Invoke-Splice $from $to -Count 10
            $second = Invoke-Splice $from $to
            $from.Dispose()
            $to.Dispose()
            $first.Source | Should -BeExactly $source
            $first.Offset, $second.Offset | Should -Be 0, 10
            Assert-Content "$target.handle" $content
        }

        It 'a number, whose position moves on' {
            [long] $from = $in.SafeFileHandle.DangerousGetHandle()
            [int] $to = $out.SafeFileHandle.DangerousGetHandle()
            $first = Invoke-Splice $from $to -Count 10
            $second = Invoke-Splice $from $to -Count 10
            $first.Offset, $second.Offset | Should -Be 0, 10
            $first.DestinationOffset, $second.DestinationOffset | Should -Be 0, 10
            $first.Source | Should -BeExactly "descriptor $from"
            $second.Destination | Should -BeExactly "descriptor $to"
            $out.Dispose()
            Assert-Content $target $content[0..19]
        }

        It 'a number as a handle gives it' {
            $from = $in.SafeFileHandle.DangerousGetHandle()
            $to = $out.SafeFileHandle.DangerousGetHandle()
            $result = Invoke-Splice $from $to
            $result.Source | Should -BeExactly "descriptor $from"
            $result.Destination | Should -BeExactly "descriptor $to"
            $out.Dispose()
            Assert-Content $target $content
        }

        It 'none is left open' {
            $before = (Get-ChildItem /proc/self/fd).Count
            foreach ($i in 1..50) {
                $null = Invoke-Splice $in $out -Offset 0
                $null = Get-Failure { Invoke-Splice $in $out -Offset 50001 }
            }

            # Py-splice loses two a call; other threads may open one or two meanwhile.
            (Get-ChildItem /proc/self/fd).Count | Should -BeLessThan ($before + 20)
        }
    }

    Context 'pipes of New-SplicePipe and streams of processes' {
        It 'go from one to the other' {
            $pipe = New-SplicePipe -Capacity 64KB
            $null = Invoke-Splice $in $pipe
            $pipe.BytesAvailable | Should -Be 50000
            $start = [Diagnostics.ProcessStartInfo]::new('cat')
            $start.RedirectStandardInput = $true
            $start.RedirectStandardOutput = $true
            $process = [Diagnostics.Process]::Start($start)
            $null = Invoke-Splice $pipe $process.StandardInput -Count 50000
            $process.StandardInput.Close()
            $null = Invoke-Splice $process.StandardOutput $out
            $pipe.Dispose()
            $out.Dispose()
            Assert-Content $target $content
        }
    }

    Context 'pipes' {
        BeforeEach {
            $script:writer = [IO.Pipes.AnonymousPipeServerStream]::new('Out')
            $script:reader = [IO.Pipes.AnonymousPipeClientStream]::new('In', $writer.ClientSafePipeHandle)
        }

        AfterEach {
            $writer.Dispose()
            $reader.Dispose()
        }

        It 'take from a file and give to a file' {
            $filled = Invoke-Splice $in $writer
            $filled.BytesCopied | Should -Be 50000
            $filled.DestinationOffset | Should -BeNullOrEmpty
            $filled.Destination | Should -BeLike 'pipe:*'
            $in.Position | Should -Be 50000
            $writer.Dispose()
            $drained = Invoke-Splice $reader $out
            $drained.BytesCopied | Should -Be 50000
            $drained.Source | Should -BeLike 'pipe:*'
            $drained.Offset | Should -BeNullOrEmpty
            $out.Position | Should -Be 50000
            $out.Dispose()
            Assert-Content $target $content
        }

        It 'give what -Count says and keep the rest' {
            $null = Invoke-Splice $in $writer -Count 100
            (Invoke-Splice $reader $out -Count 60).BytesCopied | Should -Be 60
            (Invoke-Splice $reader $out -Count 40).BytesCopied | Should -Be 40
            $out.Dispose()
            Assert-Content $target $content[0..99]
        }

        It 'give to another pipe' {
            $second = [IO.Pipes.AnonymousPipeServerStream]::new('Out')
            try {
                $null = Invoke-Splice $in $writer -Count 100
                (Invoke-Splice $reader $second -Count 100).BytesCopied | Should -Be 100
                $null = Invoke-Splice ($second.ClientSafePipeHandle) $out -Count 100
                $out.Dispose()
                Assert-Content $target $content[0..99]
            }
            finally {
                $second.Dispose()
            }
        }

        It 'that end before -Count give what they have' {
            $null = Invoke-Splice $in $writer -Count 100
            $writer.Dispose()
            (Invoke-Splice $reader $out -Count 200).BytesCopied | Should -Be 100
        }

        It 'with a name are sockets, and do as well' {
            $server = [IO.Pipes.NamedPipeServerStream]::new("splice-$PID", 'InOut')
            $peer = [IO.Pipes.NamedPipeClientStream]::new('.', "splice-$PID", 'InOut')
            try {
                $waiting = $server.WaitForConnectionAsync()
                $peer.Connect(30000)
                $waiting.Wait()
                (Invoke-Splice $in $server -Count 100).BytesCopied | Should -Be 100
                (Invoke-Splice $peer $out -Count 100).BytesCopied | Should -Be 100
            }
            finally {
                $server.Dispose()
                $peer.Dispose()
            }
        }

        It 'that are empty are not waited for with NonBlock' {
            (Invoke-Splice $reader $out -Flags NonBlock).BytesCopied | Should -Be 0
        }

        It 'give with NonBlock what they have' {
            $null = Invoke-Splice $in $writer -Count 100
            (Invoke-Splice $reader $out -Flags NonBlock).BytesCopied | Should -Be 100
            $out.Dispose()
            Assert-Content $target $content[0..99]
        }

        It 'that are full are not waited for with NonBlock, and the position is right' {
            $in.Dispose()
            [IO.File]::WriteAllBytes("$target.large", (Get-TestByte 1MB))
            $script:in = [IO.File]::OpenRead("$target.large")
            $result = Invoke-Splice $in $writer -Flags NonBlock
            $result.BytesCopied | Should -BeGreaterThan 0
            $result.BytesCopied | Should -BeLessThan 1MB
            $in.Position | Should -Be $result.BytesCopied
            (Invoke-Splice $in $writer -Flags NonBlock).BytesCopied | Should -Be 0
            $drained = Invoke-Splice $reader $out -Flags NonBlock
            $drained.BytesCopied | Should -Be $result.BytesCopied
        }

        It 'larger than their capacity wait for their reader' {
            [IO.File]::WriteAllBytes("$target.large", (Get-TestByte 1MB))
            $background = Invoke-Background {
                param($Path, $Writer)
                $large = [IO.File]::OpenRead($Path)
                Invoke-Splice $large $Writer
                $large.Dispose()
                $Writer.Dispose()
            } "$target.large", $writer
            (Invoke-Splice $reader $out).BytesCopied | Should -Be 1MB
            Wait-Background $background
            $background.Output[0].BytesCopied | Should -Be 1MB
            $out.Dispose()
            Get-Hash $target | Should -Be (Get-Hash "$target.large")
        }
    }

    Context 'processes' {
        It 'read their input' {
            $start = [Diagnostics.ProcessStartInfo]::new('sha256sum')
            $start.RedirectStandardInput = $true
            $start.RedirectStandardOutput = $true
            $process = [Diagnostics.Process]::Start($start)
            (Invoke-Splice $in $process.StandardInput.BaseStream).BytesCopied | Should -Be 50000
            $process.StandardInput.Dispose()
            $process.StandardOutput.ReadToEnd() | Should -BeLike "$((Get-Hash $source).ToLowerInvariant())*"
        }

        It 'write their output' {
            $process = Invoke-Process cat $source
            (Invoke-Splice $process.StandardOutput.BaseStream $out).BytesCopied | Should -Be 50000
            $out.Dispose()
            Assert-Content $target $content
        }
    }

    Context 'sockets' {
        BeforeEach {
            $script:listener = [Net.Sockets.TcpListener]::new([Net.IPAddress]::Loopback, 0)
            $listener.Start()
            $script:client = [Net.Sockets.TcpClient]::new()
            $client.Connect($listener.LocalEndpoint)
            $script:peer = $listener.AcceptSocket()
        }

        AfterEach {
            $client.Dispose()
            $peer.Dispose()
            $listener.Stop()
        }

        It 'send and receive' {
            $sent = Invoke-Splice $in $client.Client -Count 1000
            $sent.BytesCopied | Should -Be 1000
            $sent.Destination | Should -BeLike 'socket:*'
            (Invoke-Splice $peer $out -Count 1000).BytesCopied | Should -Be 1000
            $out.Dispose()
            Assert-Content $target $content[0..999]
        }

        It 'do so as streams' {
            $null = Invoke-Splice $in $client.GetStream() -Count 1000
            $client.Dispose()
            $stream = [Net.Sockets.NetworkStream]::new($peer)
            (Invoke-Splice $stream $out).BytesCopied | Should -Be 1000
            $out.Dispose()
            Assert-Content $target $content[0..999]
        }

        It 'keep their mode' {
            $before = Get-DescriptorFlag $peer
            $null = Invoke-Splice $in $peer -Count 10
            $client.Client.ReceiveTimeout = 30000
            $client.Client.Receive([byte[]]::new(10)) | Should -Be 10
            Get-DescriptorFlag $peer | Should -Be $before
        }

        It 'that have nothing are not waited for with NonBlock' {
            (Invoke-Splice $peer $out -Flags NonBlock).BytesCopied | Should -Be 0
        }
    }

    Context 'progress' {
        It 'is shown after a second, a few times a second at most, and goes away' {
            # The first bytes show that the cmdlet runs. The others take over 4 seconds: a slow bar delays the second one.
            $writes = 'head -c 64 /dev/zero; until [ -e "$1" ]; do sleep 0.05; done; for i in $(seq 59); do head -c 64 /dev/zero; sleep 0.07; done'
            $clock = [Diagnostics.Stopwatch]::StartNew()
            $process = Invoke-Process sh '-c', $writes, 'sh', "$target.go"
            try {
                $background = Invoke-Background 'Invoke-Splice $args[0] $args[1] -Count 3840' $process.StandardOutput.BaseStream, $out
                Wait-Until { [IO.FileInfo]::new($target).Length -eq 64 } 'the first bytes'
                [IO.File]::WriteAllText("$target.go", '')
                Wait-Background $background
                $elapsed = $clock.Elapsed.TotalSeconds
                $process.WaitForExit(30000) | Should -BeTrue
            }
            finally {
                $process.Kill()
            }

            $background.Output.BytesCopied | Should -Be 3840
            $records = @($background.Shell.Streams.Progress)
            $shown = @($records | Where-Object RecordType -EQ Processing)
            $shown.Count | Should -BeGreaterThan 1
            $shown.Count | Should -BeLessOrEqual ($elapsed / 0.25)
            $shown.PercentComplete | Should -BeIn (1..100)
            $shown.StatusDescription | Should -Match '^[\d.]+ \w*B of 3\.75 KiB, [\d.]+ \w*B/s$'
            $shown.StatusDescription | Select-Object -Unique | Should -HaveCount $shown.Count
            $records[-1].RecordType | Should -Be Completed
        }
    }

    Context 'parameters' {
        It 'every flag: <_>' -ForEach 'Move', 'NonBlock', 'More', 'Gift', 'Move, NonBlock, More, Gift' {
            $result = Invoke-Splice $in $out -Flags $_
            $result.BytesCopied | Should -Be 50000
            $result.Flags | Should -Be ([Splice.SpliceFlags]$_)
        }

        It 'a flag that there is not' {
            { Invoke-Splice $in $out -Flags Quickly } |
                Should -Throw -ErrorId 'CannotConvertArgumentNoMessage,Splice.Commands.InvokeSpliceCommand'
        }

        It '-PipeSize' {
            $small = Invoke-Splice $in $out -Offset 0 -PipeSize 4KB
            $large = Invoke-Splice $in $out -Offset 0 -PipeSize 64KB
            $large.SystemCalls | Should -BeLessThan $small.SystemCalls
        }

        It '<Name> is no handle' -ForEach @(
            @{ Name = 'a string'; Value = '3' }
            @{ Name = 'a path'; Value = '/etc/passwd' }
            @{ Name = 'nothing'; Value = $null }
            @{ Name = 'a fraction'; Value = 1.5 }
            @{ Name = 'a truth value'; Value = $true }
            @{ Name = 'a list'; Value = @(3, 4) }
            @{ Name = 'a stream in memory'; Value = [IO.MemoryStream]::new() }
            @{ Name = 'a FileInfo'; Value = [IO.FileInfo]::new('/etc/passwd') }
        ) {
            $expected = @{ ErrorId = 'ParameterArgumentTransformationError,Splice.Commands.InvokeSpliceCommand' }
            { Invoke-Splice $Value $out } | Should -Throw @expected
            { Invoke-Splice $in $Value } | Should -Throw @expected
        }

        It 'both sides are needed' {
            foreach ($side in 'Source', 'Destination') {
                $attributes = (Get-Command Invoke-Splice).Parameters[$side].Attributes
                ($attributes | Where-Object { $_ -is [Parameter] }).Mandatory | Should -BeTrue
            }
        }
    }
}
