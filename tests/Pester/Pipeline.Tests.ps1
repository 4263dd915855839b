BeforeAll {
    . "$PSScriptRoot/Common.ps1"
    Import-Module "$PSScriptRoot/../../out/Splice"
}

Describe 'The pipeline' {
    BeforeEach {
        $script:folder = "$TestDrive/$([guid]::NewGuid())"
        $null = [IO.Directory]::CreateDirectory("$folder/to")
        Push-Location -LiteralPath $folder
        foreach ($name in 'a', 'b', 'c') {
            [IO.File]::WriteAllText("$folder/$name", $name * 100)
        }
    }

    AfterEach {
        Pop-Location
    }

    Context 'into Copy-ItemZeroCopy' {
        It 'files of Get-ChildItem' {
            (Get-ChildItem -File | Copy-ItemZeroCopy -Destination to).Source | Should -Be "$folder/a", "$folder/b", "$folder/c"
            (Get-ChildItem to).Name | Should -Be 'a', 'b', 'c'
        }

        It 'a file of Get-Item' {
            (Get-Item a | Copy-ItemZeroCopy -Destination to).Destination | Should -BeExactly "$folder/to/a"
        }

        It 'a FileInfo of .NET, whatever $PWD is' {
            [IO.FileInfo] $file = "$folder/a"
            Set-Location /
            $failure = Get-Failure { $file | Copy-ItemZeroCopy -Destination "$folder/to" }
            $failure | Should -BeNullOrEmpty
            "$folder/to/a" | Should -Exist
        }

        It 'a file as an argument' {
            (Copy-ItemZeroCopy (Get-Item a) to).Destination | Should -BeExactly "$folder/to/a"
        }

        It 'files whose names <_>' -ForEach 'a[1].txt', '[ab]', 'with space', '`back`tick', 'star*', "new`nline", '-Recurse', '~' {
            [IO.File]::WriteAllText("$folder/$_", $_)
            $result = [IO.FileInfo]"$folder/$_" | Copy-ItemZeroCopy -Destination to
            $result.Source | Should -BeExactly "$folder/$_"
            [IO.File]::ReadAllText("$folder/to/$_") | Should -BeExactly $_
            Copy-ItemZeroCopy -InputObject (Get-Item -LiteralPath "./$_") -Destination "$folder/named"
            [IO.File]::ReadAllText("$folder/named") | Should -BeExactly $_
        }

        It 'a file of another drive' {
            $null = New-PSDrive -Name Own -PSProvider FileSystem -Root $folder
            try {
                Set-Location /
                $results = Get-Item Own:/a, Own:/b | Copy-ItemZeroCopy -Destination Own:/to
                $results.Destination | Should -Be "$folder/to/a", "$folder/to/b"
            }
            finally {
                Set-Location -LiteralPath $folder
                Remove-PSDrive Own
            }
        }

        It 'files and names by turns' {
            ('a', (Get-Item b), '[c]' | Copy-ItemZeroCopy -Destination to).Source | Should -Be "$folder/a", "$folder/b", "$folder/c"
        }

        It 'files with a Destination of their own' {
            $files = Get-Item a, b | Add-Member -PassThru -MemberType ScriptProperty -Name Destination -Value { "to/$($this.Name).bak" }
            ($files | Copy-ItemZeroCopy).Destination | Should -Be "$folder/to/a.bak", "$folder/to/b.bak"
        }

        It 'a file that is gone' {
            $file = Get-Item a
            Remove-Item a
            $failure = Get-Failure { $file, (Get-Item b) | Copy-ItemZeroCopy -Destination to }
            Assert-Failure $failure -Id 'SourceNotFound,Splice.Commands.CopyItemZeroCopyCommand' -Category ObjectNotFound -Target "$folder/a"
            'to/b' | Should -Exist
        }

        It 'folders with -Recurse, and without it none' {
            $null = New-Item -ItemType Directory 'more[1]/deep'
            Set-Content -LiteralPath 'more[1]/deep/x' 'x'
            $results = Get-ChildItem -Exclude to | Copy-ItemZeroCopy -Destination to -Recurse
            $results.Count | Should -Be 4
            Get-Content -LiteralPath 'to/more[1]/deep/x' | Should -BeExactly 'x'
            $failure = Get-Failure { Get-Item -LiteralPath 'more[1]' | Copy-ItemZeroCopy -Destination to }
            Assert-Failure $failure -Id 'SourceIsDirectory,Splice.Commands.CopyItemZeroCopyCommand' -Category InvalidType -Target "$folder/more[1]" -Says '-Recurse'
        }

        It 'names' {
            ('a', 'b' | Copy-ItemZeroCopy -Destination to).Count | Should -Be 2
        }

        It 'wildcards' {
            ('[ab]', 'c*' | Copy-ItemZeroCopy -Destination to).Count | Should -Be 3
            # The folder is an error.
            $results = '*' | Copy-ItemZeroCopy -Destination to -ErrorAction SilentlyContinue
            $results.Source | Should -BeExactly "$folder/a", "$folder/b", "$folder/c"
        }

        It 'objects with a <_>' -ForEach 'Path', 'LiteralPath', 'LP', 'PSPath' {
            ([pscustomobject]@{ $_ = 'a' } | Copy-ItemZeroCopy -Destination to).Destination | Should -BeExactly "$folder/to/a"
            $results = [pscustomobject]@{ $_ = 'a', 'b', 'c' } | Copy-ItemZeroCopy -Destination to
            $results.Source | Should -BeExactly "$folder/a", "$folder/b", "$folder/c"
        }

        It 'rows of a table' {
            $rows = "Path,Comment`na,first`nb,second" | ConvertFrom-Csv
            ($rows | Copy-ItemZeroCopy -Destination to).Count | Should -Be 2
        }

        It 'rows of a table with destinations' {
            $rows = "Path,Destination`na,to/x`nb,to/y" | ConvertFrom-Csv
            ($rows | Copy-ItemZeroCopy).Destination | Should -Be "$folder/to/x", "$folder/to/y"
            Get-Hash to/y | Should -Be (Get-Hash b)
        }

        It 'its own results' {
            $null = New-Item -ItemType Directory on
            $results = Get-ChildItem -File | Copy-ItemZeroCopy -Destination to | Copy-ItemZeroCopy -Destination on
            $results.Source | Should -Be "$folder/to/a", "$folder/to/b", "$folder/to/c"
            (Get-ChildItem on).Name | Should -Be 'a', 'b', 'c'
        }

        It 'nothing' {
            @() | Copy-ItemZeroCopy -Destination to | Should -BeNullOrEmpty
            Get-ChildItem to | Should -BeNullOrEmpty
        }

        It 'an empty name' {
            $failure = Get-Failure { '', 'a' | Copy-ItemZeroCopy -Destination to }
            $failure.FullyQualifiedErrorId | Should -Be 'ParameterArgumentValidationError,Splice.Commands.CopyItemZeroCopyCommand'
            "$folder/to/a" | Should -Exist
        }
    }

    Context 'out of Copy-ItemZeroCopy' {
        It 'into Get-FileHash' {
            (Copy-ItemZeroCopy a to | Get-FileHash).Hash | Should -Be (Get-Hash a)
        }

        It 'into Get-Item' {
            (Copy-ItemZeroCopy a to | Get-Item).FullName | Should -BeExactly "$folder/to/a"
        }

        It 'into Get-Content' {
            Copy-ItemZeroCopy a to | Get-Content | Should -Be ('a' * 100)
        }

        It 'one after the other, each before the next is copied' {
            $seen = Copy-ItemZeroCopy a, b, c to | ForEach-Object { (Get-ChildItem to).Count }
            $seen | Should -Be 1, 2, 3
        }

        It 'in the order of the pipeline, each when its file exists' {
            $seen = 'c', 'a', 'b' | Copy-ItemZeroCopy -Destination to | ForEach-Object { [IO.File]::ReadAllText($_.Destination)[0] }
            -join $seen | Should -BeExactly 'cab'
        }

        It 'only as far as Select-Object -First takes' {
            (Copy-ItemZeroCopy a, b, c to | Select-Object -First 1).Destination | Should -BeExactly "$folder/to/a"
            (Get-ChildItem to).Name | Should -Be 'a'
        }

        It 'nothing, where nothing was copied' {
            Copy-ItemZeroCopy missing to -ErrorAction SilentlyContinue | Should -BeNullOrEmpty
        }
    }

    Context 'with an error in the middle' {
        It 'goes on' {
            $failure = Get-Failure { $script:results = 'a', 'missing', 'b', 'none*', 'c' | Copy-ItemZeroCopy -Destination to }
            $results.Count | Should -Be 3
            $failure.FullyQualifiedErrorId | Should -Be @(
                'SourceNotFound,Splice.Commands.CopyItemZeroCopyCommand'
                'NoMatch,Splice.Commands.CopyItemZeroCopyCommand'
            )
        }

        It 'stops where the user wants it' {
            { 'a', 'missing', 'b' | Copy-ItemZeroCopy -Destination to -ErrorAction Stop } |
                Should -Throw -ErrorId 'SourceNotFound,Splice.Commands.CopyItemZeroCopyCommand'
            (Get-ChildItem to).Name | Should -Be 'a'
        }

        It 'says so in $? and in the variable' {
            Copy-ItemZeroCopy missing to -ErrorAction SilentlyContinue -ErrorVariable failure
            $? | Should -BeFalse
            $failure.Count | Should -Be 1
            Copy-ItemZeroCopy a to
            $? | Should -BeTrue
        }
    }

    Context 'two sources and one destination' {
        It 'by property name' {
            $failure = Get-Failure {
                $script:results = 'a', 'b', 'c' | ForEach-Object { [pscustomobject]@{ Path = $_; Destination = 'one' } } | Copy-ItemZeroCopy -Force
            }
            $results.Destination | Should -BeExactly "$folder/one"
            $failure.FullyQualifiedErrorId | Should -Be (@('DestinationExists,Splice.Commands.CopyItemZeroCopyCommand') * 2)
            $failure.TargetObject | Should -Be "$folder/one", "$folder/one"
            Get-Hash one | Should -Be (Get-Hash a)
        }

        It 'of one name in a folder' {
            [IO.File]::WriteAllText((New-Item -ItemType Directory other).FullName + '/a', 'another')
            $failure = Get-Failure { Copy-ItemZeroCopy a, other/a to }
            Assert-Failure $failure -Id 'DestinationExists,Splice.Commands.CopyItemZeroCopyCommand' -Category ResourceExists -Target "$folder/to/a" -Says "$folder/other/a"
            Get-Hash to/a | Should -Be (Get-Hash a)
        }

        It 'of one name, <Name>, if the file was up to date for the first' -ForEach @(
            @{ Name = 'as arguments'; Command = { Copy-ItemZeroCopy a, other/a to -Update Changed } }
            @{ Name = 'down the pipeline'; Command = { Get-Item a, other/a | Copy-ItemZeroCopy -Destination to -Update Changed } }
        ) {
            Copy-ItemZeroCopy a to
            [IO.File]::WriteAllText((New-Item -ItemType Directory other).FullName + '/a', 'another')
            $failure = Get-Failure { $script:results = & $Command }
            Assert-Failure $failure -Id 'DestinationExists,Splice.Commands.CopyItemZeroCopyCommand' -Category ResourceExists -Target "$folder/to/a" -Says "$folder/other/a"
            $results.Status | Should -Be Unchanged
            Get-Hash to/a | Should -Be (Get-Hash a)
        }

        It 'in place, <Name>' -ForEach @(
            @{ Name = 'whole'; Options = @{ InPlace = $true } }
            @{ Name = 'at an offset, which is the same for all'; Options = @{ DestinationOffset = 0 } }
        ) {
            [IO.File]::WriteAllBytes("$folder/one", @())
            $failure = Get-Failure { Copy-ItemZeroCopy a, b one @Options }
            Assert-Failure $failure -Id 'DestinationExists,Splice.Commands.CopyItemZeroCopyCommand' -Category ResourceExists -Target "$folder/one" -Says "$folder/b"
            Get-Hash one | Should -Be (Get-Hash a)
        }

        It 'may be one device' {
            (Copy-ItemZeroCopy a, b /dev/null).Count | Should -Be 2
        }

        It 'may be one file for two commands' {
            Copy-ItemZeroCopy a one
            Copy-ItemZeroCopy b one
            Get-Hash one | Should -Be (Get-Hash b)
        }
    }
}
