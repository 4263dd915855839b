BeforeAll {
    . "$PSScriptRoot/Common.ps1"
    Import-Module "$PSScriptRoot/../../out/Splice"
}

Describe 'New-SplicePipe' {
    AfterEach {
        if ($pipe) { $pipe.Dispose() }
    }

    It 'makes a pipe of the size that the kernel likes' {
        $script:pipe = New-SplicePipe
        $pipe | Should -BeOfType Splice.SplicePipe
        $pipe.Capacity | Should -BeGreaterOrEqual 4096
        $pipe.BytesAvailable | Should -Be 0
        $pipe.Refusal | Should -Be None
    }

    It 'rounds a capacity up' {
        $script:pipe = New-SplicePipe -Capacity 300000
        $pipe.Capacity | Should -Be 512KB
    }

    It 'refuses the capacity <_>' -ForEach 0, -1, ([int]::MaxValue) {
        { New-SplicePipe -Capacity $_ } | Should -Throw -ErrorId 'ParameterArgumentValidationError,*' -Because 'no pipe can have it'
    }

    It 'has ends that .NET streams take' {
        $script:pipe = New-SplicePipe
        $out = [IO.FileStream]::new($pipe.WriteEnd, [IO.FileAccess]::Write, 0)
        $out.Write([byte[]](1, 2, 3))
        $pipe.BytesAvailable | Should -Be 3
        $pipe.CloseWrite()
        $pipe.WriteEnd.IsClosed | Should -BeTrue
        $in = [IO.FileStream]::new($pipe.ReadEnd, [IO.FileAccess]::Read, 0)
        $buffer = [byte[]]::new(10)
        $in.Read($buffer) | Should -Be 3
        $in.Read($buffer) | Should -Be 0
    }

    It 'is shown in a table that fits' {
        $script:pipe = New-SplicePipe
        $lines = ($pipe | Out-String -Width 100) -split "`n" | Where-Object { $_.Trim() }
        $lines[0] | Should -Match 'Capacity +Available +ReadEnd +WriteEnd'
        $lines[2] | Should -Match '^ +64\.0 KiB +0 B open +open'
        $pipe.Dispose()
        ($pipe | Out-String -Width 100) | Should -Match '64\.0 KiB +0 B closed +closed'
    }

    It 'warns a user whose limits do not allow it, and gives what they do' {
        if ((id -u) -ne 0) { Set-ItResult -Skipped -Because 'only root can become another user' }
        $module = Copy-ModuleForAll
        chmod a+rX $TestDrive
        $said = Invoke-PlainUser "
            Import-Module '$module'
            `$most = [int](Get-Content /proc/sys/fs/pipe-max-size)
            `$pipe = New-SplicePipe -Capacity (4 * `$most) -WarningVariable warned -WarningAction SilentlyContinue
            `$pipe.Capacity -eq `$most
            `$pipe.Refusal
            `"`$warned`" -like '*EPERM*pipe-max-size*'
            `$pages = [int](Get-Content /proc/sys/fs/pipe-user-pages-soft)
            `$all = 1..(`$pages * 4096 / 1MB + 5) | ForEach-Object { New-SplicePipe -Capacity 1MB -WarningAction SilentlyContinue }
            `$all[-1].Capacity -lt 1MB
            [IO.File]::WriteAllBytes('/tmp/splice-plain-`$PID', [byte[]]::new(3MB))
            `$results = Copy-StreamZeroCopy '/tmp/splice-plain-`$PID' /dev/null, /dev/null, /dev/null
            (`$results.BytesCopied | Sort-Object -Unique) -eq 3MB
            [IO.File]::Delete('/tmp/splice-plain-`$PID')"
        $said | Should -Be 'True', 'EPERM', 'True', 'True', 'True'
    }
}
