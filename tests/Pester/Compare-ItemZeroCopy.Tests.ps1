BeforeAll {
    . "$PSScriptRoot/Common.ps1"
    Import-Module "$PSScriptRoot/../../out/Splice"
}

Describe 'Compare-ItemZeroCopy' {
    BeforeEach {
        $script:folder = (New-Item -ItemType Directory "$TestDrive/$([guid]::NewGuid())").FullName
        $script:content = Get-TestByte 50000
        Push-Location $folder
        foreach ($side in 'one', 'other') {
            $null = New-Item -ItemType Directory "$side/sub"
            [IO.File]::WriteAllBytes("$folder/$side/a.img", $content)
            [IO.File]::WriteAllBytes("$folder/$side/sub/b", $content)
        }
    }

    AfterEach { Pop-Location }

    It 'emit one object for two files' {
        $result = Compare-ItemZeroCopy one/a.img other/a.img
        $result.Equal | Should -BeTrue
        $result.SideIndicator | Should -BeExactly '=='
        $result.FirstDifference | Should -BeNullOrEmpty
        $result.BytesRead + $result.BytesShared + $result.BytesInHoles | Should -Be 50000
        $result.Reason | Should -BeNullOrEmpty
        $content[777] = $content[777] -bxor 1
        [IO.File]::WriteAllBytes("$folder/other/a.img", $content)
        $result = Compare-ItemZeroCopy one/a.img other/a.img
        $result.Equal | Should -BeFalse
        $result.SideIndicator | Should -BeExactly '<>'
        $result.FirstDifference | Should -Be 777
        $result.Property | Should -Be 'Content'
        ($result | Out-String) | Should -Match '<>\s+Content\s+777'
    }

    It 'show in the table what differs where no byte was found, and the side of what is missing' {
        Add-Content other/a.img x
        Set-Content one/only x
        Set-Content other/sub/new x
        $lines = (Compare-ItemZeroCopy one other -Recurse | Out-String -Width 120) -split "`n"
        $lines -match '^<> +Size +a\.img *$' | Should -HaveCount 1
        $lines -match '^<= +first only +only *$' | Should -HaveCount 1
        $lines -match '^=> +second only +sub/new *$' | Should -HaveCount 1
    }

    It 'emit each entry of a folder that is on one side only' {
        $null = New-Item -ItemType Directory one/alone/deep
        Set-Content one/alone/deep/f x
        $results = Compare-ItemZeroCopy one other -Recurse
        $results.ForEach({ "$($_.SideIndicator) $($_.Path)" }) | Should -Be '<= alone', '<= alone/deep', '<= alone/deep/f'
    }

    It 'emit a Boolean with -Quiet' {
        Compare-ItemZeroCopy one/a.img other/a.img -Quiet | Should -BeExactly $true
        Compare-ItemZeroCopy one other -Recurse -Quiet | Should -BeExactly $true
        Add-Content other/sub/b x
        Compare-ItemZeroCopy one/sub/b other/sub/b -Quiet | Should -BeExactly $false
        Compare-ItemZeroCopy one other -Recurse -Quiet | Should -BeExactly $false
        Compare-ItemZeroCopy one missing -Recurse -Quiet -ErrorAction SilentlyContinue | Should -BeExactly $false
    }

    It 'emit what differs between two folders, and what is equal with -IncludeEqual' {
        Compare-ItemZeroCopy one other -Recurse | Should -BeNullOrEmpty
        Set-Content one/only x
        Set-Content other/sub/new x
        Add-Content other/a.img x
        $results = Compare-ItemZeroCopy one other -Recurse
        $results.ForEach({ "$($_.SideIndicator) $($_.Path)" }) | Should -Be '<> a.img', '<= only', '=> sub/new'
        $results[0].ReferenceLength, $results[0].DifferenceLength | Should -Be 50000, 50002
        $results[2].DifferencePath | Should -BeExactly "$folder/other/sub/new"
        $results = Compare-ItemZeroCopy one other -Recurse -IncludeEqual
        $results.ForEach({ "$($_.SideIndicator) $($_.Path)" }) | Should -Be '== .', '<> a.img', '<= only', '== sub', '== sub/b', '=> sub/new'
    }

    It 'compare the metadata that -Property names' {
        chmod 600 other/a.img
        Compare-ItemZeroCopy one other -Recurse | Should -BeNullOrEmpty
        $result = Compare-ItemZeroCopy one other -Recurse -Property Content, Mode
        $result.Path | Should -BeExactly 'a.img'
        $result.Property | Should -Be 'Mode'
        $result.Differences[0].Difference | Should -BeExactly '0600'
        (Compare-ItemZeroCopy one/a.img other/a.img -Property Mode, Owner).Property | Should -Be 'Mode'
        (Compare-ItemZeroCopy one/a.img other/a.img -Property Type).Equal | Should -BeTrue
    }

    Context 'with patterns' {
        BeforeEach {
            $null = New-Item -ItemType Directory one/log, one/sub/cache
            Set-Content one/log/x, one/sub/cache/y, one/new.css, one/sub/b x
        }

        It 'leave out what -Exclude matches' {
            $results = Compare-ItemZeroCopy one other -Recurse -Exclude log/, cache, /sub/b -WarningVariable warnings
            $results.ForEach({ "$($_.SideIndicator) $($_.Path)" }) | Should -Be '<= new.css'
            $warnings | Should -BeNullOrEmpty
            Compare-ItemZeroCopy one other -Recurse -Quiet -Exclude log/, cache, *.css, b | Should -BeExactly $true
            Compare-ItemZeroCopy one other -Recurse -Quiet -Exclude log/, cache, *.css | Should -BeExactly $false
        }

        It 'compare only what -Include matches, and no folder for itself' {
            $results = Compare-ItemZeroCopy one other -Recurse -Include *.css, b, cache/
            $results.ForEach({ "$($_.SideIndicator) $($_.Path)" }) | Should -Be '<= new.css', '<> sub/b', '<= sub/cache', '<= sub/cache/y'
            $results = Compare-ItemZeroCopy one other -Recurse -Include *.css, *.img -Exclude new* -IncludeEqual
            $results.ForEach({ "$($_.SideIndicator) $($_.Path)" }) | Should -Be '== a.img'
        }

        It 'choose among the paths that a wildcard finds' {
            (Compare-ItemZeroCopy one/* other -Recurse -Exclude *.CSS, log, sub).Path | Should -Be a.img
            (Get-ChildItem one | Compare-ItemZeroCopy -DifferencePath other -Include *.img).Path | Should -Be a.img
        }

        It 'take a folder whole that -Include matches' {
            $results = Get-Item one/sub | Compare-ItemZeroCopy -DifferencePath other/sub -Recurse -Include SUB
            $results.ForEach({ "$($_.SideIndicator) $($_.Path)" }) | Should -Be '<> b', '<= cache', '<= cache/y'
        }

        It 'warn once of a pattern that matched nothing, but not where -Quiet stopped early' {
            $null = 'one/sub', 'one/log' | Compare-ItemZeroCopy -DifferencePath other -Recurse -Exclude none, y -Include *.css -WarningVariable warnings -WarningAction SilentlyContinue
            $warnings.Message | Should -Be "The pattern '*.css' of -Include matched nothing.", "The pattern 'none' of -Exclude matched nothing."
            Compare-ItemZeroCopy one other -Recurse -Exclude none -Quiet -WarningVariable warnings | Should -BeExactly $false
            $warnings | Should -BeNullOrEmpty
        }

        It 'not run with a pattern that is not one' {
            { Compare-ItemZeroCopy one other -Recurse -Exclude '[a' } | Should -Throw -ErrorId 'InvalidPattern,Splice.Commands.CompareItemZeroCopyCommand'
        }
    }

    It 'compare each file with the one of its name in a folder: <Call>' -ForEach @(
        @{ Call = { Compare-ItemZeroCopy one/* other } }
        @{ Call = { Get-ChildItem one -File | Compare-ItemZeroCopy -DifferencePath other } }
        @{ Call = { 'one/a.img' | Compare-ItemZeroCopy -DifferencePath other } }
        @{ Call = { Compare-ItemZeroCopy -LiteralPath one/a.img other } }
    ) {
        Remove-Item one/sub -Recurse
        $result = & $Call
        $result.Equal | Should -BeTrue
        $result.DifferencePath | Should -BeExactly "$folder/other/a.img"
    }

    It 'take every character of a literal path and of a file object literally' {
        [IO.File]::WriteAllBytes("$folder/[a].img", $content)
        (Compare-ItemZeroCopy -LiteralPath '[a].img' one/a.img).Equal | Should -BeTrue
        (Get-Item -LiteralPath '[a].img' | Compare-ItemZeroCopy -DifferencePath one/a.img).Equal | Should -BeTrue
        (Compare-ItemZeroCopy one/a.img '[a].img').Equal | Should -BeTrue
    }

    It 'say what is wrong: <Id>' -ForEach @(
        @{ Id = 'SourceNotFound'; Category = 'ObjectNotFound'; Call = { Compare-ItemZeroCopy one/a.img missing } }
        @{ Id = 'SourceNotFound'; Category = 'ObjectNotFound'; Call = { Compare-ItemZeroCopy missing one/a.img } }
        @{ Id = 'SourceIsDirectory'; Category = 'InvalidType'; Call = { Compare-ItemZeroCopy one other } }
        @{ Id = 'SourceIsDirectory'; Category = 'InvalidType'; Call = { Compare-ItemZeroCopy one other/a.img -Recurse } }
        @{ Id = 'NotSeekable'; Category = 'InvalidArgument'; Call = { Compare-ItemZeroCopy /dev/null one/a.img } }
        @{ Id = 'NoMatch'; Category = 'ObjectNotFound'; Call = { Compare-ItemZeroCopy none* one } }
        @{ Id = 'NotFileSystem'; Category = 'InvalidArgument'; Call = { Compare-ItemZeroCopy one/a.img env:/PATH } }
    ) {
        $failure = Get-Failure $Call
        $failure | Should -HaveCount 1
        $failure.FullyQualifiedErrorId | Should -Match "^$Id,Splice.Commands"
        $failure.CategoryInfo.Category | Should -Be $Category
        $failure.ErrorDetails.RecommendedAction | Should -Not -BeNullOrEmpty
    }

    It 'report with -Verbose what was not read' {
        $null = New-Item -ItemType HardLink link.img -Target one/a.img
        $verbose = Compare-ItemZeroCopy one/a.img link.img -Verbose 4>&1 | Where-Object { $_ -is [Management.Automation.VerboseRecord] }
        "$verbose" | Should -BeLike '*48.8 KiB in shared blocks*'
    }

    It 'stop at Select-Object -First, and at Ctrl+C' {
        1..300 | ForEach-Object { Set-Content "one/$_" x }
        Compare-ItemZeroCopy one other -Recurse | Select-Object -First 2 | Should -HaveCount 2
        $shell = [powershell]::Create()
        $null = $shell.AddScript("Import-Module '$PSScriptRoot/../../out/Splice'; 'ready'; Compare-ItemZeroCopy '$folder/one/a.img' '$folder/other/a.img' -RateLimit 1000")
        $output = [Management.Automation.PSDataCollection[psobject]]::new()
        $null = $shell.BeginInvoke([Management.Automation.PSDataCollection[psobject]]$null, $output)
        Wait-Until { $output.Count -eq 1 -and (Get-OpenFile "$folder/one/a.img") } 'the comparison has begun'
        $shell.Stop()
        $shell.InvocationStateInfo.State | Should -Be 'Stopped'
        $output | Should -HaveCount 1
        $shell.Dispose()
    }
}
