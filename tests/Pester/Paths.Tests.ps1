BeforeDiscovery {
    # Names that something in a shell, a wildcard, or a path means otherwise.
    $script:oddNames = @(
        'with space', ' leading', 'trailing ', 'a[1].txt', '[ab]', '[', ']', 'star*', 'question?', "new`nline",
        "tab`there", "quote'", 'double"quote', '`backtick', '-Destination', '--', '~', '~user', '$HOME', '#hash', '@at',
        'semi;colon', 'amp&ersand', 'colon:name', "`u{fc}`u{f1}`u{ed}", "`u{540d}`u{524d}", "`u{1f680}", "e`u{301}", '%41', '...', 'percent%s', '{brace}'
    )
}

BeforeAll {
    . "$PSScriptRoot/Common.ps1"
    Import-Module "$PSScriptRoot/../../out/Splice"
}

Describe 'Paths' {
    BeforeEach {
        $script:folder = "$TestDrive/$([guid]::NewGuid())"
        $null = [IO.Directory]::CreateDirectory("$folder/to")
        Push-Location -LiteralPath $folder
    }

    AfterEach {
        Pop-Location
    }

    Context 'at <Location>' -ForEach @(
        @{ Location = '/' }, @{ Location = '/usr' }, @{ Location = '/usr/share' }, @{ Location = 'TestDrive:/' }, @{ Location = 'Other:/' }, @{ Location = 'Env:/' }
    ) {
        BeforeEach {
            $null = New-PSDrive -Name Other -PSProvider FileSystem -Root $folder
            Push-Location $Location
        }

        AfterEach {
            Pop-Location
            Remove-PSDrive Other
        }

        It 'a path means what it means to PowerShell: <_>' -ForEach @(
            '/gone/file', 'gone', 'gone/file', './gone', '../gone', '.gone', '/gone/../file', '/gone/./file', '/gone//file', '//gone',
            '~/gone', '/gone\file', 'Other:/gone', '/x:y', ' gone', "gone`nfile", '/{0}', "`u{65e5}`u{672c}", '$(gone)', '-gone', "a'b", 'a"b'
        ) {
            $path = $_
            $provider = $null
            $meant = try { $ExecutionContext.SessionState.Path.GetUnresolvedProviderPathFromPSPath($path, [ref] $provider, [ref] $null) } catch { $null }
            Copy-ItemZeroCopy -LiteralPath $path -Destination /gone/as/well -ErrorVariable failed -ErrorAction SilentlyContinue
            if ($provider.Name -eq 'FileSystem') {
                $failed[0].FullyQualifiedErrorId | Should -BeLike 'SourceNotFound,*'
                $failed[0].TargetObject | Should -BeExactly $meant
            }
            else {
                $failed[0].FullyQualifiedErrorId | Should -Not -BeLike 'SourceNotFound,*'
            }
        }
    }

    Context 'the name "<_>"' -ForEach $oddNames {
        BeforeEach {
            $script:file = "$folder/$_"
            [IO.File]::WriteAllText($file, $_)
        }

        It 'is a -LiteralPath' {
            $result = Copy-ItemZeroCopy -LiteralPath $file -Destination "$folder/to"
            $result.Source | Should -BeExactly $file
            $result.Destination | Should -BeExactly "$folder/to/$_"
            [IO.File]::ReadAllText("$folder/to/$_") | Should -BeExactly $_
        }

        It 'is a -Path, escaped' {
            Copy-ItemZeroCopy -Path ([WildcardPattern]::Escape($file)) -Destination "$folder/to"
            [IO.File]::ReadAllText("$folder/to/$_") | Should -BeExactly $_
        }

        It 'is a -Destination' {
            [IO.File]::WriteAllText("$folder/plain", 'x')
            $result = Copy-ItemZeroCopy -LiteralPath "$folder/plain" -Destination $file
            $result.Destination | Should -BeExactly $file
            [IO.File]::ReadAllText($file) | Should -BeExactly 'x'
        }

        It 'comes down the pipeline, and goes on' {
            $copy = Get-ChildItem -Force -LiteralPath $folder -File | Copy-ItemZeroCopy -Destination "$folder/to" | Get-Item -Force
            $copy.FullName | Should -BeExactly "$folder/to/$_"
        }

        It 'is relative' {
            Copy-ItemZeroCopy -LiteralPath "./$_" -Destination to
            [IO.File]::ReadAllText("$folder/to/$_") | Should -BeExactly $_
        }
    }

    Context 'names that are no UTF-8' {
        It 'are not there for .NET, and the others are copied' {
            sh -c 'printf 1 > "$(printf ''a\377'')"; printf 2 > b'
            try {
                $failure = Get-Failure { Copy-ItemZeroCopy '?' to; Copy-ItemZeroCopy 'a*' to }
                Assert-Failure $failure -Id 'NoMatch,Splice.Commands.CopyItemZeroCopyCommand' -Category ObjectNotFound -Target 'a*'
                $failure = Get-Failure { [IO.Directory]::GetFiles($folder, 'a*') | ForEach-Object { Copy-ItemZeroCopy -LiteralPath $_ to } }
                $failure.FullyQualifiedErrorId | Should -Be 'SourceNotFound,Splice.Commands.CopyItemZeroCopyCommand'
                (Get-ChildItem -LiteralPath "$folder/to").Name | Should -Be 'b'
            }
            finally {
                sh -c 'rm a*'
            }
        }
    }

    Context 'relative paths' {
        BeforeEach {
            [IO.File]::WriteAllText("$folder/a", 'a')
            $script:before = [Environment]::CurrentDirectory
            [Environment]::CurrentDirectory = '/'
        }

        AfterEach {
            [Environment]::CurrentDirectory = $before
        }

        It 'start at $PWD, not at the directory of the process' {
            $result = Copy-ItemZeroCopy a b
            $result.Source | Should -BeExactly "$folder/a"
            $result.Destination | Should -BeExactly "$folder/b"
        }

        It 'follow Set-Location' {
            Set-Location to
            (Copy-ItemZeroCopy ../a c).Destination | Should -BeExactly "$folder/to/c"
        }

        It 'lose their dots' {
            (Copy-ItemZeroCopy ./to/../a ./to/./d).Destination | Should -BeExactly "$folder/to/d"
        }

        It 'go with wildcards' {
            (Copy-ItemZeroCopy '?' to).Source | Should -BeExactly "$folder/a"
        }

        It 'are none outside the file system' {
            Set-Location Env:
            $failure = Get-Failure { Copy-ItemZeroCopy a "$folder/b" }
            Assert-Failure $failure -Id 'NotFileSystem,Splice.Commands.CopyItemZeroCopyCommand' -Category InvalidArgument -Target 'a' -Says 'Environment'
        }
    }

    Context 'drives and providers' {
        BeforeEach {
            [IO.File]::WriteAllText("$folder/a", 'a')
        }

        It 'a drive of the user' {
            $null = New-PSDrive -Name Own -PSProvider FileSystem -Root $folder
            try {
                $result = Copy-ItemZeroCopy Own:/a Own:/to/b
                $result.Source | Should -BeExactly "$folder/a"
                $result.Destination | Should -BeExactly "$folder/to/b"
                Copy-ItemZeroCopy Own:/? Own:/to
                "$folder/to/a" | Should -Exist
                Set-Location Own:/to
                (Copy-ItemZeroCopy b c).Destination | Should -BeExactly "$folder/to/c"
            }
            finally {
                Set-Location -LiteralPath $folder
                Remove-PSDrive Own
            }
        }

        It 'the drive of Pester' {
            $name = Split-Path -Leaf $folder
            (Copy-ItemZeroCopy "TestDrive:/$name/a" "TestDrive:/$name/to").Destination | Should -BeExactly "$folder/to/a"
        }

        It 'a path with its provider' {
            (Copy-ItemZeroCopy -LiteralPath "FileSystem::$folder/a" -Destination "Microsoft.PowerShell.Core\FileSystem::$folder/b").Destination |
                Should -BeExactly "$folder/b"
        }

        It 'another provider: <Path>' -ForEach @(
            @{ Path = 'Env:PATH'; Provider = 'Environment' }
            @{ Path = 'Variable:HOME'; Provider = 'Variable' }
            @{ Path = 'Function:*'; Provider = 'Function' }
        ) {
            $failure = Get-Failure { Copy-ItemZeroCopy $Path "$folder/b" }
            Assert-Failure $failure -Id 'NotFileSystem,Splice.Commands.CopyItemZeroCopyCommand' -Category InvalidArgument -Target $Path -Says $Provider
            $failure = Get-Failure { Copy-ItemZeroCopy a Variable:x }
            Assert-Failure $failure -Id 'NotFileSystem,Splice.Commands.CopyItemZeroCopyCommand' -Category InvalidArgument -Target 'Variable:x' -Says 'Variable'
        }

        It 'a drive that there is not' {
            foreach ($path in 'nodrive:/a', 'nodrive:/*') {
                $failure = Get-Failure { Copy-ItemZeroCopy $path b }
                Assert-Failure $failure -Id 'InvalidPath,Splice.Commands.CopyItemZeroCopyCommand' -Category InvalidArgument -Target $path -Says 'nodrive'
                $failure = Get-Failure { Copy-ItemZeroCopy -LiteralPath $path b }
                Assert-Failure $failure -Id 'InvalidPath,Splice.Commands.CopyItemZeroCopyCommand' -Category InvalidArgument -Target $path -Says 'nodrive'
            }

            (Get-Failure { Copy-ItemZeroCopy a nodrive:/b }).FullyQualifiedErrorId |
                Should -Be 'InvalidPath,Splice.Commands.CopyItemZeroCopyCommand'
        }

        It 'the home folder' {
            $provider = Get-PSProvider FileSystem
            $before = $provider.Home
            $provider.Home = $folder
            try {
                (Copy-ItemZeroCopy ~/a ~/to).Destination | Should -BeExactly "$folder/to/a"
            }
            finally {
                $provider.Home = $before
            }
        }
    }

    Context 'wildcards' {
        BeforeEach {
            foreach ($name in 'a1', 'a2', 'b1', '.hidden') {
                [IO.File]::WriteAllText("$folder/$name", $name)
            }
        }

        It '<Pattern> is <Names>' -ForEach @(
            @{ Pattern = 'a*'; Names = 'a1', 'a2' }
            @{ Pattern = '*1'; Names = 'a1', 'b1' }
            @{ Pattern = '[ab]1'; Names = 'a1', 'b1' }
            @{ Pattern = '[a-b]?'; Names = 'a1', 'a2', 'b1' }
            @{ Pattern = 't?/../b*'; Names = 'b1' }
        ) {
            (Copy-ItemZeroCopy $Pattern to).Source | Split-Path -Leaf | Should -Be $Names
            (Get-ChildItem -LiteralPath "$folder/to").Name | Should -Be $Names
        }

        It 'are several' {
            (Copy-ItemZeroCopy 'a*', 'b*' to).Count | Should -Be 3
        }

        It 'are none in a -LiteralPath' {
            $failure = Get-Failure { Copy-ItemZeroCopy -LiteralPath 'a*' -Destination to }
            Assert-Failure $failure -Id 'SourceNotFound,Splice.Commands.CopyItemZeroCopyCommand' -Category ObjectNotFound -Target "$folder/a*" -Says 'ENOENT'
        }

        It 'are none in a -Destination' {
            (Copy-ItemZeroCopy a1 'a*').Destination | Should -BeExactly "$folder/a*"
            Get-Content -LiteralPath a2 | Should -Be 'a2'
        }

        It 'take the folders they match as an error, and copy the files' {
            $null = [IO.Directory]::CreateDirectory("$folder/a3")
            $failure = Get-Failure { Copy-ItemZeroCopy 'a*' to }
            Assert-Failure $failure -Id 'SourceIsDirectory,Splice.Commands.CopyItemZeroCopyCommand' -Category InvalidType -Target "$folder/a3" -Says 'is a folder'
            (Get-ChildItem -LiteralPath "$folder/to").Name | Should -Be 'a1', 'a2'
        }
    }
}
