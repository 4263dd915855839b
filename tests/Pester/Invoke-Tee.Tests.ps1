BeforeAll {
    . "$PSScriptRoot/Common.ps1"
    Import-Module "$PSScriptRoot/../../out/Splice"
    $script:content = Get-TestByte 10000
}

Describe 'Invoke-Tee' {
    BeforeEach {
        $script:first = New-SplicePipe
        $script:second = New-SplicePipe
        $null = Copy-StreamZeroCopy $content $first
    }

    AfterEach {
        $first.Dispose()
        $second.Dispose()
    }

    It 'duplicates <Count> bytes as <Expected>, and takes none out' -ForEach @(
        @{ Count = $null; Expected = 10000 }
        @{ Count = 100; Expected = 100 }
        @{ Count = 20000; Expected = 10000 }
        @{ Count = 0; Expected = 0 }
    ) {
        $more = if ($null -eq $Count) { @{} } else { @{ Count = $Count } }
        $result = Invoke-Tee $first $second @more
        $result | Should -BeOfType Splice.TransferResult
        $result.BytesCopied | Should -Be $Expected
        $result.Method | Should -BeNullOrEmpty
        $first.BytesAvailable | Should -Be 10000
        $second.BytesAvailable | Should -Be $Expected
        if ($Expected) {
            $null = Copy-StreamZeroCopy $second "$TestDrive/copy" -Count $Expected
            Assert-Content "$TestDrive/copy" $content[0..($Expected - 1)]
        }
    }

    It 'takes handles and numbers' {
        (Invoke-Tee $first.ReadEnd $second.WriteEnd -Count 10).BytesCopied | Should -Be 10
        $numbers = $first.ReadEnd.DangerousGetHandle(), $second.WriteEnd.DangerousGetHandle()
        (Invoke-Tee $numbers[0] $numbers[1] -Count 10).BytesCopied | Should -Be 10
        $second.BytesAvailable | Should -Be 20
    }

    It 'does not wait with NonBlock' {
        (Invoke-Tee $second $first -Flags NonBlock).BytesCopied | Should -Be 0
    }

    It 'can be stopped while it waits' {
        # While it waits, it has an event that cancels the wait.
        $before = @(Get-OpenFile 'anon_inode:[eventfd]').Count
        $background = Invoke-Background 'Invoke-Tee $args[0] $args[1]' $second, $first
        Wait-Until { @(Get-OpenFile 'anon_inode:[eventfd]').Count -gt $before } 'the cmdlet waiting'
        $background.Shell.BeginStop($null, $null).AsyncWaitHandle.WaitOne(30000) | Should -BeTrue
        $background.Shell.InvocationStateInfo.State | Should -Be Stopped
        $background.Output | Should -BeNullOrEmpty
        $background.Shell.Streams.Error | Should -BeNullOrEmpty
    }

    It 'says of a file that it is no pipe' {
        $file = [IO.File]::Create("$TestDrive/file")
        $failure = Get-Failure { Invoke-Tee $first $file }
        $file.Dispose()
        Assert-Failure $failure 'MethodNotPossible,Splice.Commands.InvokeTeeCommand' InvalidOperation "$TestDrive/file" 'tee(2)', 'New-SplicePipe'
    }

    It 'says that a pipe has no reader' {
        $second.ReadEnd.Dispose()
        (Get-Failure { Invoke-Tee $first $second }).FullyQualifiedErrorId | Should -Be 'ReaderGone,Splice.Commands.InvokeTeeCommand'
    }
}
