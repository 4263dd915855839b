BeforeAll {
    . "$PSScriptRoot/Common.ps1"
    Import-Module "$PSScriptRoot/../../out/Splice"
    $script:folder = "$TestDrive"
    $script:content = Get-TestByte 100000
    $script:source = "$folder/source"
    [IO.File]::WriteAllBytes($source, $content)
}

Describe 'Copy-ItemZeroCopy' {
    BeforeEach {
        $script:target = "$folder/$([guid]::NewGuid())"
    }

    Context 'a whole file' {
        It 'arrives' {
            $result = Copy-ItemZeroCopy -Path $source -Destination $target
            Assert-Content $target $content
            $result | Should -BeOfType Splice.TransferResult
            $result.Source | Should -BeExactly $source
            $result.Destination | Should -BeExactly $target
            $result.BytesCopied | Should -Be 100000
            $result.Offset | Should -Be 0
            $result.DestinationOffset | Should -Be 0
            $result.Count | Should -BeNullOrEmpty
            $result.SystemCalls | Should -BeGreaterThan 0
            $result.Elapsed | Should -BeGreaterThan ([timespan]::Zero)
        }

        It 'takes source and destination by position' {
            Copy-ItemZeroCopy $source $target
            $target | Should -Exist
        }

        It 'goes into a folder under its own name' {
            New-Item -ItemType Directory $target
            (Copy-ItemZeroCopy $source $target).Destination | Should -BeExactly "$target/source"
            (Copy-ItemZeroCopy $source "$target/").Destination | Should -BeExactly "$target/source"
        }

        It 'keeps mode and times' {
            Copy-Item -LiteralPath $source -Destination "$folder/dated"
            chmod 0651 "$folder/dated"
            touch -d '2001-02-03 04:05:06.123456789 UTC' "$folder/dated"
            Copy-ItemZeroCopy "$folder/dated" $target
            stat --format '%a %y' $target | Should -Be (stat --format '%a %y' "$folder/dated")
        }

        It 'replaces what is there, in a new file' {
            Set-Content -LiteralPath $target 'something longer than nothing'
            $before = stat --format %i $target
            Copy-ItemZeroCopy $source $target
            Get-Hash $target | Should -Be (Get-Hash $source)
            stat --format %i $target | Should -Not -Be $before
        }

        It 'of no bytes is made' {
            [IO.File]::WriteAllBytes("$folder/empty", @())
            (Copy-ItemZeroCopy "$folder/empty" $target).BytesCopied | Should -Be 0
            (Get-Item -LiteralPath $target).Length | Should -Be 0
        }

        It 'leaves nothing else in the folder' {
            New-Item -ItemType Directory $target
            Copy-ItemZeroCopy $source "$target/copy"
            Copy-ItemZeroCopy $source "$target/copy"
            (Get-ChildItem -Force -LiteralPath $target).Name | Should -Be 'copy'
        }

        It 'keeps its holes' {
            truncate --size 64M "$folder/sparse"
            (Copy-ItemZeroCopy "$folder/sparse" $target).BytesInHoles | Should -Be 64MB
            (Get-Item -LiteralPath $target).Length | Should -Be 64MB
            [IO.File]::WriteAllBytes("$folder/head", $content)
            dd "if=$folder/head" "of=$folder/sparse" conv=notrunc bs=100000 seek=300 status=none
            $result = Copy-ItemZeroCopy "$folder/sparse" $target
            $result.BytesCopied | Should -Be 64MB
            [long](stat --format %b $target) * 512 | Should -BeLessThan 1MB
            Get-Hash $target | Should -Be (Get-Hash "$folder/sparse")
        }
    }

    Context 'a range' {
        It 'from an offset' {
            $result = Copy-ItemZeroCopy $source $target -Offset 99000
            Assert-Content $target $content[99000..99999]
            $result.Offset | Should -Be 99000
        }

        It 'of a count, in the units of PowerShell' {
            $result = Copy-ItemZeroCopy $source $target -Count 64KB
            $result.BytesCopied | Should -Be 65536
            $result.Count | Should -Be 65536
            Assert-Content $target $content[0..65535]
        }

        It 'from an offset, of a count' {
            Copy-ItemZeroCopy $source $target -Offset 1KB -Count 2KB
            Assert-Content $target $content[1024..3071]
        }

        It 'of no bytes' {
            (Copy-ItemZeroCopy $source $target -Count 0).BytesCopied | Should -Be 0
            (Get-Item -LiteralPath $target).Length | Should -Be 0
        }

        It 'from the very end is empty' {
            (Copy-ItemZeroCopy $source $target -Offset 100000).BytesCopied | Should -Be 0
        }

        It 'to the very end' {
            (Copy-ItemZeroCopy $source $target -Offset 99999 -Count 1).BytesCopied | Should -Be 1
        }

        It 'goes into the middle of a file, and the rest of it stays' {
            [IO.File]::WriteAllBytes($target, [byte[]](1..100))
            $before = stat --format %i $target
            $result = Copy-ItemZeroCopy $source $target -Offset 10 -Count 20 -DestinationOffset 50
            $bytes = [IO.File]::ReadAllBytes($target)
            $bytes[0..49] | Should -Be (1..50)
            $bytes[50..69] | Should -Be $content[10..29]
            $bytes[70..99] | Should -Be (71..100)
            $result.DestinationOffset | Should -Be 50
            stat --format %i $target | Should -Be $before
        }

        It 'past the end of a file makes it longer' {
            [IO.File]::WriteAllBytes($target, [byte[]](1, 2))
            Copy-ItemZeroCopy $source $target -Count 3 -DestinationOffset 4
            Assert-Content $target (@(1, 2, 0, 0) + $content[0..2])
        }

        It 'at an offset of a file that is not there yet starts with a hole' {
            Copy-ItemZeroCopy $source $target -Count 3 -DestinationOffset 4
            Assert-Content $target (@(0, 0, 0, 0) + $content[0..2])
        }

        It 'beyond 4 GiB' {
            truncate --size 5G "$folder/huge"
            $huge = [IO.File]::OpenWrite("$folder/huge")
            $huge.Position = 5GB - 10
            $huge.Write($content, 0, 10)
            $huge.Dispose()
            Copy-ItemZeroCopy "$folder/huge" $target -Offset (5GB - 10)
            Assert-Content $target $content[0..9]
            $result = Copy-ItemZeroCopy "$folder/huge" $target
            $result.BytesCopied | Should -Be 5GB
            $result.BytesInHoles | Should -BeGreaterThan 4GB
            Copy-ItemZeroCopy $source $target -Count 10 -DestinationOffset 4.5GB
            (Get-Item -LiteralPath $target).Length | Should -Be 5GB
            Remove-Item -LiteralPath $target, "$folder/huge"
        }

        It 'within one file, where the ranges are apart' {
            [IO.File]::WriteAllBytes($target, [byte[]](1..8))
            Copy-ItemZeroCopy $target $target -Offset 0 -Count 4 -DestinationOffset 4
            Assert-Content $target (1, 2, 3, 4, 1, 2, 3, 4)
        }
    }

    Context '-InPlace' {
        It 'writes into the file that is there, and cuts it where the source ends' {
            [IO.File]::WriteAllBytes($target, [byte[]]::new(200000))
            ln $target "$target.link"
            $before = stat --format %i $target
            $result = Copy-ItemZeroCopy $source $target -InPlace
            $result.BytesCopied | Should -Be 100000
            Assert-Content $target $content
            Assert-Content "$target.link" $content
            stat --format %i $target | Should -Be $before
        }

        It 'makes a file that is not there' {
            Copy-ItemZeroCopy $source $target -InPlace
            Assert-Content $target $content
        }

        It '-NoClobber beats' {
            Set-Content -LiteralPath $target 'old'
            $failure = Get-Failure { Copy-ItemZeroCopy $source $target -InPlace -NoClobber }
            $failure.FullyQualifiedErrorId | Should -BeLike 'DestinationExists,*'
            Get-Content -LiteralPath $target | Should -Be 'old'
        }

        It 'does not overwrite another source through a hard link: <Name>' -ForEach @(
            @{ Name = 'wildcard'; Copy = { Copy-ItemZeroCopy "$folder/src/*" "$folder/dst" -InPlace } }
            @{ Name = 'pipeline'; Copy = { Get-ChildItem "$folder/src" | Copy-ItemZeroCopy -Destination "$folder/dst" -InPlace } }
            @{ Name = 'folders'; Copy = { Copy-ItemZeroCopy "$folder/src/*" "$folder/dst" -Recurse -InPlace } }
        ) {
            $null = New-Item -ItemType Directory "$folder/src", "$folder/dst"
            Set-Content "$folder/src/log" new
            Set-Content "$folder/src/log.1" old
            ln "$folder/src/log.1" "$folder/dst/log"
            try {
                $failure = Get-Failure $Copy
                Assert-Failure $failure -Id 'SameFile,Splice.Commands.CopyItemZeroCopyCommand' -Category InvalidOperation -Target "$folder/dst/log" -Says 'hard link of another source'
                Get-Content "$folder/src/log.1", "$folder/src/log", "$folder/dst/log", "$folder/dst/log.1" | Should -Be old, new, old, old
            }
            finally {
                Remove-Item -Recurse "$folder/src", "$folder/dst"
            }
        }

        It 'is no way to read and write one file' {
            $failure = Get-Failure { Copy-ItemZeroCopy $source $source -InPlace }
            $failure.FullyQualifiedErrorId | Should -BeLike 'SameFile,*'
            Assert-Content $source $content
        }
    }

    Context '-Append' {
        It 'writes at the end, one source after the other' {
            [IO.File]::WriteAllBytes($target, [byte[]](1, 2, 3))
            [IO.File]::WriteAllBytes("$folder/more", [byte[]](4, 5))
            $results = Copy-ItemZeroCopy $source, "$folder/more" $target -Append
            $results.DestinationOffset | Should -Be 3, 100003
            Assert-Content $target (@(1, 2, 3) + $content + @(4, 5))
        }

        It 'makes a file that is not there' {
            Copy-ItemZeroCopy $source, $source $target -Append
            Assert-Content $target ($content + $content)
        }

        It 'does not go with -Preserve, nor does <_>' -ForEach '-Append', '-Offset 2', '-Count 1', '-DestinationOffset 1' {
            Set-Content -LiteralPath $target 'old'
            $copy = [scriptblock]::Create("Copy-ItemZeroCopy '$source' '$target' $_ -Preserve Ownership")
            $failure = Get-Failure { try { & $copy } catch { Write-Error $_ } }
            $failure.FullyQualifiedErrorId | Should -BeLike 'ConflictingOptions*'
            "$failure" | Should -BeLike "*-Preserve *$($_.Split(' ')[0])*"
            Get-Content -LiteralPath $target | Should -Be 'old'
        }

        It 'does not go with <Name>' -ForEach @(
            @{ Name = '-DestinationOffset'; Options = @{ DestinationOffset = 0 } }
            @{ Name = '-InPlace'; Options = @{ InPlace = $true } }
        ) {
            Set-Content -LiteralPath $target 'old'
            $failure = Get-Failure { Copy-ItemZeroCopy $source $target -Append @Options }
            Assert-Failure $failure -Id 'ConflictingOptions,Splice.Commands.CopyItemZeroCopyCommand' -Category InvalidArgument -Target $target -Says '-Append', $Name
            Get-Content -LiteralPath $target | Should -Be 'old'
        }

        It 'needs a file' {
            $failure = Get-Failure { Copy-ItemZeroCopy $source /dev/null -Append }
            Assert-Failure $failure -Id 'NotSeekable,Splice.Commands.CopyItemZeroCopyCommand' -Category InvalidArgument -Target /dev/null -Says 'cannot be appended to'
        }
    }

    Context '-Flush' {
        It 'tells that the disk has the copy' {
            (Copy-ItemZeroCopy $source $target -Flush).Flushed | Should -BeTrue
            Assert-Content $target $content
            (Copy-ItemZeroCopy $source $target -Flush -InPlace).Flushed | Should -BeTrue
            Assert-Content $target $content
        }

        It 'tells that nobody asked for it, or that there is no disk' {
            (Copy-ItemZeroCopy $source $target).Flushed | Should -BeFalse
            (Copy-ItemZeroCopy $source /dev/null -Flush).Flushed | Should -BeFalse
        }
    }

    Context '-Verify' {
        It 'tells that both sides were read again, and were the same' {
            (Copy-ItemZeroCopy $source $target -Verify).Verified | Should -BeTrue
            (Copy-ItemZeroCopy $source $target -Verify -Flush -Offset 10 -Count 20 -DestinationOffset 30).Verified | Should -BeTrue
            (Copy-ItemZeroCopy $source $target).Verified | Should -BeFalse
        }

        It 'finds bytes that memory corrupts, and leaves the old file' {
            if (-not (Get-Command strace -ErrorAction Ignore)) {
                Set-ItResult -Skipped -Because 'strace is not installed'
            }

            Set-Content -LiteralPath $target 'old'
            $script = @"
                Import-Module '$((Get-Module Splice).Path)'
                Copy-ItemZeroCopy '$source' '$target' -Verify -Method ReadWrite -ErrorAction SilentlyContinue -ErrorVariable failure
                `$failure[0].FullyQualifiedErrorId, `$failure[0].CategoryInfo.Category, `$failure[0].Exception.DifferenceOffset -join ' '
"@
            $said = strace -f -qq --seccomp-bpf -o "$target.trace" -P $source -e trace=pread64 -e inject=pread64:poke_exit=@arg2=0badcafe:when=1 pwsh -NoProfile -Command $script
            $said | Should -Be 'VerificationFailed,Splice.Commands.CopyItemZeroCopyCommand InvalidData 0'
            Get-Content -LiteralPath $target | Should -Be 'old'
        }

        It 'needs what can be read twice' {
            $failure = Get-Failure { Copy-ItemZeroCopy $source /dev/null -Verify }
            Assert-Failure $failure -Id 'NotSeekable,Splice.Commands.CopyItemZeroCopyCommand' -Category InvalidArgument -Target /dev/null -Says '-Verify'
        }
    }

    Context '-Resume' {
        BeforeAll {
            # More than 1 MiB: less is done at once.
            $script:large = "$folder/large"
            $script:largeContent = Get-TestByte 3000000
            [IO.File]::WriteAllBytes($large, $largeContent)
        }

        It 'goes on where a full disk has stopped it' {
            Skip-WithoutRoot
            New-Item -ItemType Directory $target
            mount -t tmpfs -o size=1m none $target
            if ($LASTEXITCODE) {
                Set-ItResult -Skipped -Because 'nothing can be mounted here'
            }

            try {
                $failure = Get-Failure { Copy-ItemZeroCopy $large $target -Resume }
                $left = Get-ChildItem -LiteralPath $target
                $left.Name | Should -Match '^large\.[0-9a-f]{16}\.splice-partial$'
                Assert-Failure $failure -Id 'DiskFull,Splice.Commands.CopyItemZeroCopyCommand' -Category WriteError -Target "$target/large" -Says "1.00 MiB are kept in a partial file. Run the same command again to continue. To give up, remove '$($left.FullName)'."
                (Get-Failure { Copy-ItemZeroCopy $large $target -Resume }).FullyQualifiedErrorId | Should -BeLike 'DiskFull,*'
                $left.Length | Should -Be 1MB
                mount -o remount,size=8m $target
                $result = Copy-ItemZeroCopy $large $target -Resume
                $result.ResumedAt | Should -Be 1MB
                $result.BytesCopied | Should -Be (3000000 - 1MB)
                Assert-Content "$target/large" $largeContent
                (Get-ChildItem -LiteralPath $target).Name | Should -Be 'large'
            }
            finally {
                umount $target
            }
        }

        It 'copies what was never interrupted' {
            $result = Copy-ItemZeroCopy $large $target -Resume
            $result.ResumedAt | Should -BeNullOrEmpty
            $result.BytesCopied | Should -Be 3000000
            Assert-Content $target $largeContent
        }

        It 'leaves a complete copy as it is, and copies one that is not' {
            $null = Copy-ItemZeroCopy $large $target
            $before = stat -c '%i %y' $target
            foreach ($options in @{}, @{ Verify = $true; Flush = $true }, @{ NoClobber = $true }) {
                $result = Copy-ItemZeroCopy $large $target -Resume @options
                $result.Status, $result.BytesCopied, $result.Length | Should -Be 'Unchanged', 0, 3000000
                $result.Verified, $result.Flushed | Should -Be ([bool] $options.Verify), ([bool] $options.Flush)
            }

            stat -c '%i %y' $target | Should -Be $before
            (Get-Item -LiteralPath $target).LastWriteTime = '2001-02-03'
            (Copy-ItemZeroCopy $large $target -Resume).Status | Should -Be Updated
            Assert-Content $target $largeContent
        }

        It 'does not go with <Name>' -ForEach @(
            @{ Name = '-Append'; Options = @{ Append = $true } }
            @{ Name = '-InPlace'; Options = @{ InPlace = $true } }
            @{ Name = '-DestinationOffset'; Options = @{ DestinationOffset = 1 } }
        ) {
            $failure = Get-Failure { Copy-ItemZeroCopy $large $target -Resume @Options }
            Assert-Failure $failure -Id 'ConflictingOptions,Splice.Commands.CopyItemZeroCopyCommand' -Category InvalidArgument -Target $target -Says '-Resume', $Name
        }
    }

    Context '-Method' {
        It '<_> moves the bytes that way' -ForEach 'CopyFileRange', 'SendFile', 'Splice', 'ReadWrite' {
            $result = Copy-ItemZeroCopy $source $target -Method $_
            $result.Method | Should -Be $_
            $result.Attempts | Should -BeNullOrEmpty
            Get-Hash $target | Should -Be (Get-Hash $source)
        }

        It 'Auto finds one, and tells which did not serve' {
            $result = Copy-ItemZeroCopy $source $target -Method Auto
            $result.Method | Should -Not -BeNullOrEmpty
            foreach ($attempt in $result.Attempts) {
                $attempt.Method | Should -Not -Be $result.Method
                $attempt.Reason | Should -Not -BeNullOrEmpty
            }
        }

        It 'Reflink shares the blocks, or says why it cannot' {
            $failure = Get-Failure { Copy-ItemZeroCopy $source $target -Method Reflink }
            if ($failure) {
                $failure.FullyQualifiedErrorId | Should -BeLike 'MethodNotPossible,*'
                $target | Should -Not -Exist
            }
            else {
                Get-Hash $target | Should -Be (Get-Hash $source)
            }
        }

        It 'is one of the list' {
            { Copy-ItemZeroCopy $source $target -Method Magic } |
                Should -Throw -ErrorId 'CannotConvertArgumentNoMessage,Splice.Commands.CopyItemZeroCopyCommand'
        }

        It 'is in the verbose stream, where one did not serve' {
            $lines = Copy-ItemZeroCopy /proc/self/maps $target -Verbose 4>&1 |
                Where-Object { $_ -is [System.Management.Automation.VerboseRecord] }
            $lines.Message | Should -Contain "/proc/self/maps -> ${target}: SendFile: EINVAL, the source does not support it (procfs, some devices), or the destination appends"
        }
    }

    Context '-Reflink' {
        It 'Always shares the blocks, or says why it cannot' {
            $failure = Get-Failure { Copy-ItemZeroCopy $source $target -Reflink Always }
            if ($failure) {
                $failure.FullyQualifiedErrorId | Should -BeLike 'MethodNotPossible,*'
                $target | Should -Not -Exist
            }
            else {
                Get-Hash $target | Should -Be (Get-Hash $source)
            }
        }

        It 'Never makes no call that could share any' {
            $result = Copy-ItemZeroCopy $source $target -Reflink Never
            $result.BytesReflinked | Should -Be 0
            $result.Method | Should -Not -BeIn 'Reflink', 'CopyFileRange'
            $result.Attempts.Method | Should -Not -Contain 'Reflink'
            $result.Attempts.Method | Should -Not -Contain 'CopyFileRange'
            Get-Hash $target | Should -Be (Get-Hash $source)
        }

        It '<Mode> does not go with -Method <Method>' -ForEach @(
            @{ Mode = 'Never'; Method = 'Reflink'; Says = '-Reflink Never forbids' }
            @{ Mode = 'Never'; Method = 'CopyFileRange'; Says = '-Reflink Never forbids' }
            @{ Mode = 'Always'; Method = 'SendFile'; Says = 'SendFile does not' }
        ) {
            $failure = Get-Failure { Copy-ItemZeroCopy $source $target -Reflink $Mode -Method $Method }
            Assert-Failure $failure -Id 'MethodNotPossible,Splice.Commands.CopyItemZeroCopyCommand' -Category InvalidOperation -Target $target -Says $Says
            $target | Should -Not -Exist
        }

        It 'is one of three' {
            { Copy-ItemZeroCopy $source $target -Reflink Maybe } |
                Should -Throw -ErrorId 'CannotConvertArgumentNoMessage,Splice.Commands.CopyItemZeroCopyCommand'
        }
    }

    Context '-Sparse' {
        BeforeAll {
            $script:zeros = "$folder/zeros"
            [IO.File]::WriteAllBytes($zeros, [byte[]]::new(1MB) + $content + [byte[]]::new(1MB))
        }

        It 'Auto takes zeros for data' {
            (Copy-ItemZeroCopy $zeros $target -Reflink Never).BytesInHoles | Should -Be 0
            [long](stat --format %b $target) * 512 | Should -BeGreaterThan 2MB
        }

        It 'Always makes holes of zeros' {
            $result = Copy-ItemZeroCopy $zeros $target -Sparse Always
            $result.Method | Should -Be ReadWrite
            $result.BytesInHoles | Should -BeGreaterThan (2MB - 8KB)
            [long](stat --format %b $target) * 512 | Should -BeLessThan 200KB
            Get-Hash $target | Should -Be (Get-Hash $zeros)
        }

        It 'Always makes holes in place' {
            [IO.File]::WriteAllBytes($target, (Get-TestByte 3MB))
            Copy-ItemZeroCopy $zeros $target -Sparse Always -Count 1MB -DestinationOffset 1MB
            [long](stat --format %b $target) * 512 | Should -BeLessOrEqual 2.1MB
            $hole = [ArraySegment[byte]]::new([IO.File]::ReadAllBytes($target), 1MB, 1MB)
            [Linq.Enumerable]::SequenceEqual($hole, [byte[]]::new(1MB)) | Should -BeTrue
        }

        It 'Never gives the copy all its blocks' {
            truncate --size 2M "$folder/hole"
            (Copy-ItemZeroCopy "$folder/hole" $target -Sparse Never).BytesInHoles | Should -Be 0
            [long](stat --format %b $target) * 512 | Should -BeGreaterOrEqual 2MB
            Get-Hash $target | Should -Be (Get-Hash "$folder/hole")
        }

        It '<Mode> does not go with <Option>' -ForEach @(
            @{ Mode = 'Always'; Option = '-Method Splice'; More = @{ Method = 'Splice' } }
            @{ Mode = 'Always'; Option = '-Flags More'; More = @{ Flags = 'More' } }
            @{ Mode = 'Never'; Option = '-Method CopyFileRange'; More = @{ Method = 'CopyFileRange' } }
            @{ Mode = 'Never'; Option = '-Reflink Always'; More = @{ Reflink = 'Always' } }
        ) {
            $failure = Get-Failure { Copy-ItemZeroCopy $zeros $target -Sparse $Mode @More }
            Assert-Failure $failure -Id 'MethodNotPossible,Splice.Commands.CopyItemZeroCopyCommand' -Category InvalidOperation -Target $target -Says "-Sparse $Mode"
            $target | Should -Not -Exist
        }
    }

    Context '-RateLimit' {
        It 'moves every byte' {
            $result = Copy-ItemZeroCopy $source $target -RateLimit 10MB
            $result.BytesCopied | Should -Be 100000
            Get-Hash $target | Should -Be (Get-Hash $source)
        }

        It 'makes steps of a tenth of a second''s bytes' {
            $free = Copy-ItemZeroCopy $source $target -Method ReadWrite
            $limited = Copy-ItemZeroCopy $source $target -Method ReadWrite -RateLimit 200KB
            $limited.SystemCalls | Should -BeGreaterOrEqual ($free.SystemCalls + 8)
        }

        It '<_> is none' -ForEach 0, -1 {
            { Copy-ItemZeroCopy $source $target -RateLimit $_ } |
                Should -Throw -ErrorId 'ParameterArgumentValidationError,Splice.Commands.CopyItemZeroCopyCommand'
        }
    }

    Context '-RetryCount and -RetryInterval' {
        BeforeAll {
            # Nothing is mapped at its beginning: every read answers EIO.
            $script:broken = '/proc/self/mem'
            $seconds = (Get-Command Copy-ItemZeroCopy).Parameters['RetryInterval'].Attributes |
                Where-Object { $_ -is [System.Management.Automation.ArgumentTransformationAttribute] }
            $script:seconds = $seconds
        }

        It 'change nothing where nothing fails' {
            $result = Copy-ItemZeroCopy $source $target -RetryCount 3 -RetryInterval 1
            $result.Retries | Should -Be 0
            Get-Hash $target | Should -Be (Get-Hash $source)
        }

        It 'try again as often as is said, tell each, and end with the original error' {
            $lines = Copy-ItemZeroCopy $broken $target -Method ReadWrite -RetryCount 2 -RetryInterval 0.001 -Verbose -ErrorVariable failure -ErrorAction SilentlyContinue 4>&1
            @($lines.Message) -like '*, try * of *' | Should -Be "$broken -> ${target}: EIO: Input/output error, try 1 of 2", "$broken -> ${target}: EIO: Input/output error, try 2 of 2"
            Assert-Failure $failure -Id 'ReadFailed,Splice.Commands.CopyItemZeroCopyCommand' -Category ReadError -Target $broken -Says 'EIO'
            $failure[0].Exception.Partial.Retries | Should -Be 2
            $target | Should -Not -Exist
        }

        It 'try nothing again unless that is said' {
            $failure = Get-Failure { Copy-ItemZeroCopy $broken $target -Method ReadWrite }
            $failure[0].Exception.Partial.Retries | Should -Be 0
        }

        It 'take <Value> for <Time>' -ForEach @(
            @{ Value = 5; Time = '00:00:05' }
            @{ Value = 0; Time = '00:00:00' }
            @{ Value = 1.5; Time = '00:00:01.5000000' }
            @{ Value = [decimal]2; Time = '00:00:02' }
            @{ Value = '90'; Time = '00:01:30' }
            @{ Value = '00:00:07'; Time = '00:00:07' }
            @{ Value = '1.00:00:00'; Time = '1.00:00:00' }
            @{ Value = [timespan]::FromMinutes(2); Time = '00:02:00' }
        ) {
            "$($seconds.Transform($ExecutionContext, $Value))" | Should -BeExactly $Time
        }

        It 'do not take <_> for a time' -ForEach -1, '-1', '-00:00:01', 'soon', 1e300, $true {
            { Copy-ItemZeroCopy $source $target -RetryInterval $_ } |
                Should -Throw -ErrorId 'ParameterArgumentTransformationError,Splice.Commands.CopyItemZeroCopyCommand'
        }

        It 'do not take a count below 0' {
            { Copy-ItemZeroCopy $source $target -RetryCount -1 } |
                Should -Throw -ErrorId 'ParameterArgumentValidationError,Splice.Commands.CopyItemZeroCopyCommand'
        }
    }

    Context '-Flags and -PipeSize' {
        It '-Flags <_> chooses splice' -ForEach 'Move', 'NonBlock', 'More', 'Gift', 'Move, NonBlock, More, Gift' {
            $result = Copy-ItemZeroCopy $source $target -Flags $_
            $result.Method | Should -Be Splice
            $result.Flags | Should -Be ([Splice.SpliceFlags]$_)
            Get-Hash $target | Should -Be (Get-Hash $source)
        }

        It '-Flags go with -Method Splice' {
            (Copy-ItemZeroCopy $source $target -Flags Move, More -Method Splice).Method | Should -Be Splice
        }

        It '-Flags do not go with another method' {
            $failure = Get-Failure { Copy-ItemZeroCopy $source $target -Flags More -Method SendFile }
            $failure.FullyQualifiedErrorId | Should -BeLike 'MethodNotPossible,*'
            $target | Should -Not -Exist
        }

        It '-Flags with another name do not' {
            { Copy-ItemZeroCopy $source $target -Flags Quickly } |
                Should -Throw -ErrorId 'CannotConvertArgumentNoMessage,Splice.Commands.CopyItemZeroCopyCommand'
        }

        It '-PipeSize <_> does' -ForEach 1, 4096, 64KB, 1MB {
            Copy-ItemZeroCopy $source $target -Method Splice -PipeSize $_
            Get-Hash $target | Should -Be (Get-Hash $source)
        }

        It 'a larger pipe needs fewer system calls' {
            $small = Copy-ItemZeroCopy $source $target -Method Splice -PipeSize 4KB
            $large = Copy-ItemZeroCopy $source $target -Method Splice -PipeSize 128KB
            $large.SystemCalls | Should -BeLessThan $small.SystemCalls
        }

        It '-PipeSize <_> does not' -ForEach 0, -1 {
            { Copy-ItemZeroCopy $source $target -PipeSize $_ } |
                Should -Throw -ErrorId 'ParameterArgumentValidationError,Splice.Commands.CopyItemZeroCopyCommand'
        }
    }

    Context 'what is there already' {
        It '-NoClobber leaves' {
            Set-Content -LiteralPath $target 'old'
            $failure = Get-Failure { Copy-ItemZeroCopy $source $target -NoClobber }
            $failure.FullyQualifiedErrorId | Should -BeLike 'DestinationExists,*'
            Get-Content -LiteralPath $target | Should -Be 'old'
        }

        It '-NoClobber copies where nothing is' {
            Copy-ItemZeroCopy $source $target -NoClobber
            Get-Hash $target | Should -Be (Get-Hash $source)
        }

        It '-Force does not beat -NoClobber' {
            Set-Content -LiteralPath $target 'old'
            $failure = Get-Failure { Copy-ItemZeroCopy $source $target -NoClobber -Force }
            $failure.FullyQualifiedErrorId | Should -BeLike 'DestinationExists,*'
            Get-Content -LiteralPath $target | Should -Be 'old'
        }

        It '-WhatIf leaves, and makes nothing' {
            $output = Copy-ItemZeroCopy $source $target -WhatIf
            $output | Should -BeNullOrEmpty
            $target | Should -Not -Exist
            Set-Content -LiteralPath $target 'old'
            Copy-ItemZeroCopy $source $target -WhatIf -Force
            Get-Content -LiteralPath $target | Should -Be 'old'
        }

        It '$WhatIfPreference leaves' {
            $WhatIfPreference = $true
            Copy-ItemZeroCopy $source $target
            $target | Should -Not -Exist
        }

        It '-Confirm:$false asks nobody' {
            $ConfirmPreference = 'Low'
            Copy-ItemZeroCopy $source $target -Confirm:$false
            $target | Should -Exist
        }
    }

    Context 'what is no plain file' {
        It 'procfs and sysfs are read to their end: <_>' -ForEach '/proc/version', '/proc/self/maps', '/proc/cmdline', '/sys/kernel/mm/transparent_hugepage/enabled' {
            if (-not (Test-Path -LiteralPath $_)) {
                Set-ItResult -Skipped -Because 'this kernel does not have it'
            }

            (Copy-ItemZeroCopy $_ $target).BytesCopied | Should -BeGreaterThan 0
            if ($_ -ne '/proc/self/maps') {
                Get-Content -Raw -LiteralPath $target | Should -BeExactly (Get-Content -Raw -LiteralPath $_)
            }
        }

        It '/dev/zero gives what -Count says' {
            $result = Copy-ItemZeroCopy /dev/zero $target -Count 3MB
            $result.BytesCopied | Should -Be 3MB
            $result.Offset | Should -BeNullOrEmpty
            Assert-Content $target ([byte[]]::new(3MB))
        }

        It '/dev/null gives and takes' {
            (Copy-ItemZeroCopy /dev/null $target).BytesCopied | Should -Be 0
            (Copy-ItemZeroCopy $source /dev/null).BytesCopied | Should -Be 100000
            (Get-Item /dev/null).UnixStat.ItemType | Should -Be CharacterDevice
        }

        It 'a FIFO is read until its writer ends' {
            mkfifo $target
            $writer = Invoke-Process sh '-c', 'cat "$1" > "$2"', 'sh', $source, $target
            $result = Copy-ItemZeroCopy $target "$target.copy"
            $writer.WaitForExit(30000) | Should -BeTrue
            $result.BytesCopied | Should -Be 100000
            Get-Hash "$target.copy" | Should -Be (Get-Hash $source)
        }

        It 'a FIFO is written to its reader' {
            mkfifo $target
            $reader = Invoke-Process sh '-c', 'cat "$1" > "$2"', 'sh', $target, "$target.copy"
            $result = Copy-ItemZeroCopy $source $target
            $reader.WaitForExit(30000) | Should -BeTrue
            $result.DestinationOffset | Should -BeNullOrEmpty
            Get-Hash "$target.copy" | Should -Be (Get-Hash $source)
        }

        It 'a block device is written in place and read by range' {
            Skip-WithoutRoot
            # Loop devices are root's.
            truncate --size 4M $target
            $device = losetup --find --show $target
            if (-not $device) {
                Set-ItResult -Skipped -Because 'there is no loop device'
            }

            try {
                Copy-ItemZeroCopy $source $device -DestinationOffset 1MB
                $back = Copy-ItemZeroCopy $device "$target.back" -Offset 1MB -Count 100000
                $back.BytesCopied | Should -Be 100000
                Get-Hash "$target.back" | Should -Be (Get-Hash $source)
                (Copy-ItemZeroCopy $device "$target.whole").BytesCopied | Should -Be 4MB
                $failure = Get-Failure { Copy-ItemZeroCopy $source $device -DestinationOffset 4MB }
                Assert-Failure $failure -Id 'DiskFull,Splice.Commands.CopyItemZeroCopyCommand' -Category WriteError -Target $device -Says '4194304 bytes'
            }
            finally {
                losetup --detach $device
            }
        }

        It 'a link to a file stays a link' {
            Set-Content -LiteralPath "$target.real" 'old'
            New-Item -ItemType SymbolicLink $target -Target "$target.real"
            (Copy-ItemZeroCopy $source $target).Destination | Should -BeExactly "$target.real"
            (Get-Item -LiteralPath $target).LinkTarget | Should -BeExactly "$target.real"
            Get-Hash "$target.real" | Should -Be (Get-Hash $source)
        }

        It 'a link to nothing makes what it means' {
            ln -s "$(Split-Path -Leaf $target).real" $target
            (Copy-ItemZeroCopy $source $target).Destination | Should -BeExactly "$target.real"
            Get-Hash "$target.real" | Should -Be (Get-Hash $source)
        }

        It 'a link leads where the kernel says: <Link>' -ForEach @(
            @{ Link = 'real'; Leads = 'real' }
            @{ Link = 'folder/../real'; Leads = 'elsewhere/real' }
            @{ Link = 'folder/../folder/../real'; Leads = 'elsewhere/real' }
            @{ Link = 'again'; Leads = 'elsewhere/real' }
        ) {
            # The parent of a linked folder is that of the folder it leads to.
            $null = New-Item -ItemType Directory "$target/elsewhere/folder"
            ln -s elsewhere/folder "$target/folder"
            ln -s ../real "$target/elsewhere/folder/on"
            ln -s folder/on "$target/again"
            ln -s $Link "$target/link"
            foreach ($turn in 'a new file', 'an existing file') {
                (Copy-ItemZeroCopy $source "$target/link").Destination | Should -BeExactly "$target/$Leads" -Because $turn
                Assert-Content "$target/$Leads" $content
                (Get-Item -LiteralPath "$target/link").LinkTarget | Should -BeExactly $Link
            }
        }

        It 'a link to a folder is a folder' {
            New-Item -ItemType Directory "$target.real"
            New-Item -ItemType SymbolicLink $target -Target "$target.real"
            Copy-ItemZeroCopy $source $target
            "$target.real/source" | Should -Exist
        }

        It 'a file that has no name any more is written in place only' {
            $file = [IO.File]::Create($target)
            Remove-Item $target
            $link = "/proc/self/fd/$($file.SafeFileHandle.DangerousGetHandle())"
            $failure = Get-Failure { Copy-ItemZeroCopy $source $link }
            Assert-Failure $failure -Id 'DestinationNotReplaceable,Splice.Commands.CopyItemZeroCopyCommand' -Category InvalidOperation -Target $link -Says '-InPlace'
            Copy-ItemZeroCopy $source $link -InPlace
            $file.Length | Should -Be 100000
            $file.Dispose()
        }

        It 'a link as source is the file behind it' {
            New-Item -ItemType SymbolicLink $target -Target $source
            Copy-ItemZeroCopy $target "$target.copy"
            (Get-Item -LiteralPath "$target.copy").LinkTarget | Should -BeNullOrEmpty
            Get-Hash "$target.copy" | Should -Be (Get-Hash $source)
        }
    }
}
