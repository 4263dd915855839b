BeforeAll {
    . "$PSScriptRoot/Common.ps1"
    Import-Module "$PSScriptRoot/../../out/Splice"
}

Describe 'Test-ZeroCopy' {
    BeforeEach {
        $script:folder = Add-MemoryFolder
        $script:content = Get-TestByte 300000
        [IO.File]::WriteAllBytes("$folder/disk.img", $content)
        Push-Location $folder
    }

    AfterEach {
        Pop-Location
        Remove-Item -Recurse -Force $folder
    }

    It 'says what takes less time through a buffer' {
        [IO.File]::WriteAllBytes("$folder/small", (Get-TestByte 1000))
        $reports = Test-ZeroCopy small copy
        $reports.Method | Should -Be Reflink, ReadWrite, CopyFileRange, SendFile, Splice
        $chosen = $reports | Where-Object Chosen
        $chosen.Reason | Should -BeLike '*fast*'
        (Copy-ItemZeroCopy small copy).Method | Should -Be $chosen.Method
    }

    It 'reports each method once, in order, and changes nothing' {
        $reports = Test-ZeroCopy disk.img copy.img
        $reports | Should -BeOfType Splice.MethodReport
        $reports.Method | Should -Be Reflink, CopyFileRange, SendFile, Splice, ReadWrite
        $reports.Order | Should -Be 1, 2, 3, 4, 5
        @($reports | Where-Object Chosen) | Should -HaveCount 1
        $reports.Source | Sort-Object -Unique | Should -BeExactly "$folder/disk.img"
        $reports.Destination | Sort-Object -Unique | Should -BeExactly "$folder/copy.img"
        (Get-ChildItem -Force).Name | Should -Be 'disk.img'
    }

    It 'says what the copy then says with -Verbose: <Name>' -ForEach @(
        @{ Name = 'in one folder'; To = 'copy.img'; Range = @{} }
        @{ Name = 'to another file system'; To = "/dev/shm/splice-test-$PID"; Range = @{} }
        @{ Name = 'a range in blocks'; To = 'copy.img'; Range = @{ Offset = 4096; Count = 200KB } }
        @{ Name = 'a range across blocks'; To = 'copy.img'; Range = @{ Offset = 100; Count = 200KB; DestinationOffset = 7 } }
    ) {
        try {
            $reports = @(Test-ZeroCopy disk.img $To @Range)
            $output = Copy-ItemZeroCopy disk.img $To @Range -Verbose 4>&1
            $chosen = $reports | Where-Object Chosen
            $refused = @($reports | Where-Object { $_.Order -lt $chosen.Order -and ($_.Errno -ne 'None' -or $_.Reason -like '*aligned*') })
            $result = $output | Where-Object { $_ -is [Splice.TransferResult] }
            $chosen.Method | Should -Be $result.Method
            $told = @($output | Where-Object { $_ -is [System.Management.Automation.VerboseRecord] }).Message -match ': \w+: (E[A-Z0-9]+, |.*aligned)'
            $told | Should -Be @($refused | ForEach-Object { "$folder/disk.img -> $($result.Destination): $_" })
        }
        finally {
            Remove-Item "/dev/shm/splice-test-$PID" -ErrorAction Ignore
        }
    }

    It 'takes <_>' -ForEach 'a path', 'a FileInfo', 'a FileStream', 'a SafeHandle', 'a descriptor number' {
        $stream = [IO.File]::OpenRead("$folder/disk.img")
        try {
            $source = switch ($_) {
                'a path' { 'disk.img' }
                'a FileInfo' { Get-Item disk.img }
                'a FileStream' { $stream }
                'a SafeHandle' { $stream.SafeFileHandle }
                'a descriptor number' { $stream.SafeFileHandle.DangerousGetHandle() }
            }
            $reports = @(Test-ZeroCopy $source copy.img)
            $reports | Should -HaveCount 5
            ($reports | Where-Object Chosen).Method | Should -Be (Test-ZeroCopy disk.img copy.img | Where-Object Chosen).Method
            $stream.Position | Should -Be 0
        }
        finally {
            $stream.Dispose()
        }
    }

    It 'knows that a descriptor appends' {
        $module = (Get-Module Splice).Path
        $script = "Import-Module '$module'; Test-ZeroCopy disk.img 1 | ForEach-Object { '{0} {1} {2}' -f `$_.Method, `$_.Available, `$_.Reason } | Set-Content told"
        sh -c 'exec pwsh -NoProfile -NonInteractive -Command "$1" >> log' sh $script
        $told = Get-Content told
        $told | Should -HaveCount 5
        $told[0..3] | Should -Match '^\w+ False .*O_APPEND'
        $told[4] | Should -BeLike 'ReadWrite True *'
        Assert-Content "$folder/log" @()
    }

    It 'does not wait for a FIFO' {
        mkfifo fifo
        (Test-ZeroCopy fifo copy.img | Where-Object Chosen).Method | Should -Be Splice
        (Test-ZeroCopy disk.img fifo | Where-Object Chosen).Method | Should -Be SendFile
    }

    It 'takes names as they stand' {
        Copy-Item disk.img "$folder/odd"
        Move-Item -LiteralPath odd -Destination '[a]*'
        (Test-ZeroCopy '[a]*' copy.img)[0].Source | Should -BeExactly "$folder/[a]*"
    }

    It 'knows the kernel and the pipes' {
        $limits = (Test-ZeroCopy disk.img copy.img)[0].Limits
        $limits.KernelRelease | Should -BeExactly (uname -r)
        $limits.PipeMaxSize | Should -Be (Get-Content /proc/sys/fs/pipe-max-size)
        $limits.PipeUserPagesSoft | Should -Be (Get-Content /proc/sys/fs/pipe-user-pages-soft)
        $limits.PipeCapacity | Should -BeGreaterOrEqual 4096
    }

    It 'says what is no pair: <Id>' -ForEach @(
        @{ Id = 'SourceNotFound'; Category = 'ObjectNotFound'; Call = { Test-ZeroCopy gone copy.img } }
        @{ Id = 'SourceIsDirectory'; Category = 'InvalidType'; Call = { Test-ZeroCopy . copy.img } }
        @{ Id = 'DestinationFolderNotFound'; Category = 'ObjectNotFound'; Call = { Test-ZeroCopy disk.img gone/copy.img } }
        @{ Id = 'SameFile'; Category = 'InvalidOperation'; Call = { Test-ZeroCopy disk.img disk.img } }
        @{ Id = 'OffsetPastEnd'; Category = 'InvalidArgument'; Call = { Test-ZeroCopy disk.img copy.img -Offset 300001 } }
        @{ Id = 'NegativeCount'; Category = 'InvalidArgument'; Call = { Test-ZeroCopy disk.img copy.img -Count -1 } }
        @{ Id = 'BadDescriptor'; Category = 'InvalidArgument'; Call = { Test-ZeroCopy 99999 copy.img } }
        @{ Id = 'NotFileSystem'; Category = 'InvalidArgument'; Call = { Test-ZeroCopy env:/PATH copy.img } }
    ) {
        $failure = Get-Failure $Call
        $failure.Count | Should -Be 1
        $failure[0].FullyQualifiedErrorId | Should -BeExactly "$Id,Splice.Commands.TestZeroCopyCommand"
        $failure[0].CategoryInfo.Category | Should -Be $Category
    }

    It 'refuses what nothing can be moved from' {
        { Test-ZeroCopy ([datetime]::Now) copy.img } | Should -Throw '*not a source or destination of bytes*'
        { Test-ZeroCopy $null copy.img } | Should -Throw
    }

    It 'shows a table of 100 columns with a row a method' {
        $rendering = $PSStyle.OutputRendering
        $PSStyle.OutputRendering = 'PlainText'
        try {
            $lines = (Test-ZeroCopy disk.img copy.img | Out-String -Width 100) -split "`n" | Where-Object { $_.Trim() }
        }
        finally {
            $PSStyle.OutputRendering = $rendering
        }

        $lines | ForEach-Object Length | Should -BeLessOrEqual 100
        @($lines -match '^ +[1-5] \w+ +(yes|no) ').Count | Should -Be 5
        @($lines -match '^ +[1-5] \w+ +yes +\* ').Count | Should -Be 1
        @($lines -match '^Linux .*pipes of [\d.]+ [KM]iB').Count | Should -Be 1
    }
}
