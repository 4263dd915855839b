# The cases of the tests of py-splice, one to one.

BeforeAll {
    . "$PSScriptRoot/Common.ps1"
    Import-Module "$PSScriptRoot/../../out/Splice"
    $script:large = "$TestDrive/large"
    [IO.File]::WriteAllBytes($large, (Get-TestByte 10MB))
    $script:small = "$TestDrive/small"
    [IO.File]::WriteAllBytes($small, [Text.Encoding]::ASCII.GetBytes('testing'))
    $script:empty = "$TestDrive/empty"
    [IO.File]::WriteAllBytes($empty, @())

    # Splices a file into a new one; the destination's path is in $target.
    function Invoke-Case([string] $Path, [hashtable] $Argument = @{}) {
        $script:target = "$TestDrive/$([guid]::NewGuid())"
        $in = [IO.File]::OpenRead($Path)
        $out = [IO.File]::Create($script:target)
        try {
            Invoke-Splice -Source $in -Destination $out @Argument
        }
        finally {
            $in.Dispose()
            $out.Dispose()
        }
    }
}

Describe 'What py-splice tests' {
    It 'a file of 10 MiB' {
        (Invoke-Case $large).BytesCopied | Should -Be 10MB
        Get-Hash $target | Should -Be (Get-Hash $large)
    }

    It 'a file of 10 MiB with every optional argument' {
        (Invoke-Case $large @{ Offset = 0; Count = 10MB; Flags = 'More' }).BytesCopied | Should -Be 10MB
        Get-Hash $target | Should -Be (Get-Hash $large)
    }

    It 'a file of 10 MiB with every flag' {
        (Invoke-Case $large @{ Flags = 'Move, NonBlock, More, Gift' }).BytesCopied | Should -Be 10MB
        Get-Hash $target | Should -Be (Get-Hash $large)
    }

    It 'a file of 7 bytes' {
        (Invoke-Case $small).BytesCopied | Should -Be 7
        Get-Content -Raw $target | Should -BeExactly 'testing'
    }

    It 'a file of 7 bytes with a flag' {
        (Invoke-Case $small @{ Flags = 'More' }).BytesCopied | Should -Be 7
        Get-Content -Raw $target | Should -BeExactly 'testing'
    }

    It 'a file of 7 bytes from offset 4096' {
        $failure = Get-Failure { Invoke-Case $small @{ Offset = 4096 } }
        Assert-Failure $failure -Id 'OffsetPastEnd,Splice.Commands.InvokeSpliceCommand' -Category InvalidArgument -Target $small -Says '4096', '7 bytes'
        (Get-Item -LiteralPath $target).Length | Should -Be 0
    }

    It 'an empty file' {
        (Invoke-Case $empty).BytesCopied | Should -Be 0
        (Get-Item -LiteralPath $target).Length | Should -Be 0
    }

    It 'a large file with a count' {
        (Invoke-Case $large @{ Count = 10MB }).BytesCopied | Should -Be 10MB
        Get-Hash $target | Should -Be (Get-Hash $large)
    }

    It 'a large file from offset 1024' {
        (Invoke-Case $large @{ Offset = 1024 }).BytesCopied | Should -Be (10MB - 1024)
        cmp --ignore-initial 1024:0 $large $target
        $LASTEXITCODE | Should -Be 0
    }

    It '2048 bytes only' {
        (Invoke-Case $large @{ Count = 2048 }).BytesCopied | Should -Be 2048
        Assert-Content $target ([IO.File]::ReadAllBytes($large)[0..2047])
    }

    It 'an offset one past the size' {
        $failure = Get-Failure { Invoke-Case $large @{ Offset = 10MB + 1 } }
        Assert-Failure $failure -Id 'OffsetPastEnd,Splice.Commands.InvokeSpliceCommand' -Category InvalidArgument -Target $large -Says '10485761'
        (Get-Item -LiteralPath $target).Length | Should -Be 0
    }

    It 'a count one past the size' {
        $failure = Get-Failure { Invoke-Case $large @{ Count = 10MB + 1 } }
        Assert-Failure $failure -Id 'CountPastEnd,Splice.Commands.InvokeSpliceCommand' -Category InvalidArgument -Target $large -Says '10485761'
        (Get-Item -LiteralPath $target).Length | Should -Be 0
    }

    It 'strings for descriptors' {
        { Invoke-Splice -Source 'in' -Destination 'out' } |
            Should -Throw -ErrorId 'ParameterArgumentTransformationError,Splice.Commands.InvokeSpliceCommand'
    }

    It 'a missing argument' {
        # Its host cannot ask for the argument.
        $background = Invoke-Background 'Invoke-Splice 1'
        Wait-Background $background
        $background.Output | Should -BeNullOrEmpty
        $failure = @($background.Shell.Streams.Error)
        $failure | Should -HaveCount 1
        $failure[0].FullyQualifiedErrorId | Should -BeExactly 'MissingMandatoryParameter,Splice.Commands.InvokeSpliceCommand'
        $failure[0].Exception.Message | Should -BeLike '*Destination*'
    }

    It 'descriptor 999 as source' {
        $out = [IO.File]::Create("$TestDrive/unused")
        $failure = Get-Failure { Invoke-Splice 999 $out }
        $out.Dispose()
        Assert-Failure $failure -Id 'BadDescriptor,Splice.Commands.InvokeSpliceCommand' -Category InvalidArgument -Target 'descriptor 999' -Says 'EBADF'
    }

    It 'descriptor 999 as destination' {
        $in = [IO.File]::OpenRead($small)
        $failure = Get-Failure { Invoke-Splice $in 999 }
        $in.Dispose()
        Assert-Failure $failure -Id 'BadDescriptor,Splice.Commands.InvokeSpliceCommand' -Category InvalidArgument -Target 'descriptor 999' -Says 'EBADF'
    }
}
