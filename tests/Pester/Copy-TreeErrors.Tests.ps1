BeforeAll {
    . "$PSScriptRoot/Common.ps1"
    Import-Module "$PSScriptRoot/../../out/Splice"
    $script:command = 'Splice.Commands.CopyItemZeroCopyCommand'
}

Describe 'Errors of Copy-ItemZeroCopy -Recurse' {
    BeforeEach {
        $script:folder = "$TestDrive/$([guid]::NewGuid())"
        $null = [IO.Directory]::CreateDirectory("$folder/site/sub/deep")
        $null = [IO.Directory]::CreateDirectory("$folder/to")
        foreach ($file in 'a', 'b', 'sub/c', 'sub/deep/d') {
            [IO.File]::WriteAllText("$folder/site/$file", $file)
        }

        Push-Location -LiteralPath $folder
    }

    AfterEach {
        Pop-Location
        Assert-Closed $folder
        Wait-Until { -not (Get-CopyThread) } 'the threads have ended'
        find $folder -name '.splice-*' | Should -BeNullOrEmpty
    }

    Context 'before anything is touched' {
        BeforeEach {
            $script:before = Get-Tree $folder '%T@'
        }

        AfterEach {
            Get-Tree $folder '%T@' | Should -Be $before
        }

        It 'a source that is not there' {
            $failure = Get-Failure { Copy-ItemZeroCopy missing to -Recurse }
            Assert-Failure $failure -Id "SourceNotFound,$command" -Category ObjectNotFound -Target "$folder/missing" -Says 'ENOENT', 'Check the name'
        }

        It 'a destination in a folder that is not there' {
            $failure = Get-Failure { Copy-ItemZeroCopy site missing/site -Recurse }
            Assert-Failure $failure -Id "DestinationFolderNotFound,$command" -Category ObjectNotFound -Target "$folder/missing/site" -Says 'New-Item'
        }

        It 'a destination that is a file' {
            $failure = Get-Failure { Copy-ItemZeroCopy site site/sub/c -Recurse }
            Assert-Failure $failure -Id "DestinationExists,$command" -Category ResourceExists -Target "$folder/site/sub/c" -Says 'is not a folder'
        }

        It 'a folder into itself: <_>' -ForEach 'site', 'site/sub', 'site/new', 'site/sub/deep/new' {
            $failure = Get-Failure { Copy-ItemZeroCopy site $_ -Recurse }
            $failure.Count | Should -Be 1
            $failure[0].FullyQualifiedErrorId | Should -BeExactly "CopyIntoItself,$command"
            $failure[0].CategoryInfo.Category | Should -Be InvalidOperation
            $failure[0].Exception.Message | Should -BeLike "*is inside '$folder/site'*Choose a destination outside*"
        }

        It 'a folder into itself by another name' {
            $null = [IO.Directory]::CreateDirectory("$folder/way")
            ln -s ../site/sub "$folder/way/in"
            $script:before = Get-Tree $folder '%T@'
            $failure = Get-Failure { Copy-ItemZeroCopy site way/in/new -Recurse }
            $failure.FullyQualifiedErrorId | Should -BeExactly "CopyIntoItself,$command"
        }

        It 'a folder onto itself' {
            $failure = Get-Failure { Copy-ItemZeroCopy site . -Recurse }
            Assert-Failure $failure -Id "SameFile,$command" -Category InvalidOperation -Target "$folder/site" -Says 'same'
        }

        It 'a folder without -Recurse, and what to do' {
            foreach ($try in { Copy-ItemZeroCopy site to }, { Copy-ItemZeroCopy -LiteralPath site -Destination to }, { Get-Item site | Copy-ItemZeroCopy -Destination to }) {
                $failure = Get-Failure $try
                Assert-Failure $failure -Id "SourceIsDirectory,$command" -Category InvalidType -Target "$folder/site" -Says 'Use -Recurse', "'$folder/site/*'"
            }
        }

        It 'a range of a folder: <Name>' -ForEach @(
            @{ Name = '-Offset'; Range = @{ Offset = 1 } }
            @{ Name = '-Offset 0'; Range = @{ Offset = 0 } }
            @{ Name = '-Count'; Range = @{ Count = 10 } }
            @{ Name = '-DestinationOffset'; Range = @{ DestinationOffset = 0 } }
            @{ Name = 'all three'; Range = @{ Offset = 1; Count = 2; DestinationOffset = 3 } }
        ) {
            $failure = Get-Failure { Copy-ItemZeroCopy site to -Recurse @Range }
            Assert-Failure $failure -Id "RangeOfFolder,$command" -Category InvalidArgument -Target "$folder/site" -Says '-Offset, -Count and -DestinationOffset'
        }

        It 'a range of a link that is copied as one' {
            ln -s a site/link
            $script:before = Get-Tree $folder '%T@'
            $failure = Get-Failure { Copy-ItemZeroCopy site/link to -Recurse -Count 1 }
            Assert-Failure $failure -Id "RangeOfFolder,$command" -Category InvalidArgument -Target "$folder/site/link" -Says 'SymbolicLink', 'Omit -Recurse'
        }

        It 'a file where there is a folder' {
            $null = [IO.Directory]::CreateDirectory("$folder/to/a")
            $script:before = Get-Tree $folder '%T@'
            $failure = Get-Failure { Copy-ItemZeroCopy site/a to -Recurse }
            Assert-Failure $failure -Id "DestinationExists,$command" -Category ResourceExists -Target "$folder/to/a" -Says 'is a folder'
        }

        It 'a path on another provider' {
            $failure = Get-Failure { Copy-ItemZeroCopy Env:/ to -Recurse }
            Assert-Failure $failure -Id "NotFileSystem,$command" -Category InvalidArgument -Target 'Env:/' -Says 'Environment'
        }
    }

    Context 'in the middle' {
        BeforeEach {
            # A folder is where a file shall go, and a file where a folder shall go.
            $null = [IO.Directory]::CreateDirectory("$folder/to/site/a")
            [IO.File]::WriteAllText("$folder/to/site/sub", 'in the way')
        }

        It 'are one for each, and the rest is copied' {
            $failure = Get-Failure { $script:result = Copy-ItemZeroCopy site to -Recurse }
            $failure.FullyQualifiedErrorId | Should -Be "DestinationExists,$command", "DestinationExists,$command"
            $failure.CategoryInfo.Category | Should -Be ResourceExists, ResourceExists
            $failure.TargetObject | Sort-Object | Should -Be "$folder/to/site/a", "$folder/to/site/sub"
            $failure.Exception | Should -BeOfType Splice.TransferException
            $result.Failed | Should -Be 2
            $result.FileCount | Should -Be 1
            $result.DirectoryCount | Should -Be 1
            Get-Content to/site/b | Should -BeExactly 'b'
            Get-Content to/site/sub | Should -BeExactly 'in the way'
        }

        It 'with -PerFile too' {
            $failure = Get-Failure { $script:results = Copy-ItemZeroCopy site to -Recurse -PerFile }
            $failure.Count | Should -Be 2
            $results.Source | Should -Be "$folder/site/b"
        }

        It 'leave the other paths of the command alone' {
            [IO.File]::WriteAllText("$folder/last", 'last')
            $failure = Get-Failure { $script:results = 'site', 'missing', 'last' | Copy-ItemZeroCopy -Destination to -Recurse }
            $failure.FullyQualifiedErrorId | Should -Be "DestinationExists,$command", "DestinationExists,$command", "SourceNotFound,$command"
            $results.Source | Should -Be "$folder/site", "$folder/last"
        }

        It 'are in $? and -ErrorVariable' {
            $null = Copy-ItemZeroCopy site to -Recurse -ErrorAction SilentlyContinue -ErrorVariable failure
            $? | Should -BeFalse
            $failure.Count | Should -Be 2
            $null = Copy-ItemZeroCopy site other -Recurse -ErrorVariable failure
            $? | Should -BeTrue
            $failure.Count | Should -Be 0
        }

        It 'end it at once with -ErrorAction Stop, and nothing is left behind' {
            { Copy-ItemZeroCopy site to -Recurse -ErrorAction Stop } | Should -Throw -ErrorId "DestinationExists,$command"
            # Also in a tree with much to do after the error, and much to tell.
            $memory = Add-ManyFile
            $null = New-Item -ItemType Directory $memory/many/0, $memory/to/many
            Set-Content $memory/to/many/0 'in the way'
            { Copy-ItemZeroCopy $memory/many $memory/to -Recurse -PerFile -ErrorAction Stop } | Should -Throw -ErrorId "DestinationExists,$command"
            Assert-Closed $memory
            find $memory -name '.splice-*' | Should -BeNullOrEmpty
            Remove-Item -Recurse $memory
        }

        It 'may be thrown by whoever takes the results, and nothing is left behind' {
            { Copy-ItemZeroCopy site/sub/deep to -Recurse -PerFile | ForEach-Object { throw 'enough' } } | Should -Throw 'enough'
        }
    }

    Context 'two sources for one destination' {
        BeforeEach {
            $null = [IO.Directory]::CreateDirectory("$folder/other/site/sub")
            foreach ($name in 'a', 'x', 'sub/c', 'sub/y') {
                [IO.File]::WriteAllText("$folder/other/site/$name", "other $name")
            }
        }

        It 'are an error for each file, and the first one''s stays' {
            $failure = Get-Failure { $script:results = Copy-ItemZeroCopy site, other/site to -Recurse }
            $failure.FullyQualifiedErrorId | Should -Be "DestinationExists,$command", "DestinationExists,$command"
            $failure.TargetObject | Sort-Object | Should -Be "$folder/to/site/a", "$folder/to/site/sub/c"
            $failure.Exception.Message | Should -BeLike "*is the copy of another source of this command, and '$folder/other/site/*"
            $results.Failed | Should -Be 0, 2
            Get-Content to/site/a, to/site/sub/c, to/site/x, to/site/sub/y | Should -BeExactly 'a', 'sub/c', 'other x', 'other sub/y'
        }

        It 'down the pipeline too, in folders that were there' {
            Copy-ItemZeroCopy site to -Recurse
            $failure = Get-Failure { Get-Item site, other/site | Copy-ItemZeroCopy -Destination to -Recurse -Force }
            $failure.TargetObject | Sort-Object | Should -Be "$folder/to/site/a", "$folder/to/site/sub/c"
            Get-Content to/site/a | Should -BeExactly 'a'
        }

        It 'also where they are links' {
            $null = New-Item -ItemType Directory to/site
            ln -s one site/link
            ln -s two other/site/link
            $failure = Get-Failure { Copy-ItemZeroCopy site, other/site to -Recurse -Exclude a, c }
            Assert-Failure $failure -Id "DestinationExists,$command" -Category ResourceExists -Target "$folder/to/site/link" -Says "$folder/other/site/link"
            (Get-Item to/site/link).LinkTarget | Should -BeExactly 'one'
        }

        It 'also where they are names of one file' {
            # The first name is copied into a new folder, the second becomes a link to it in one that was there.
            $null = New-Item -ItemType Directory to/site/sub
            ln site/sub/deep/d site/sub/d
            [IO.File]::WriteAllText("$folder/other/site/sub/d", 'other d')
            $failure = Get-Failure { Copy-ItemZeroCopy site, other/site to -Recurse -Preserve HardLink -Exclude a, c }
            Assert-Failure $failure -Id "DestinationExists,$command" -Category ResourceExists -Target "$folder/to/site/sub/d" -Says "$folder/other/site/sub/d"
            Get-Content to/site/sub/d, to/site/sub/deep/d | Should -BeExactly 'sub/deep/d', 'sub/deep/d'
        }

        It 'are none for two commands' {
            Copy-ItemZeroCopy site to -Recurse
            Get-Failure { Copy-ItemZeroCopy other/site to -Recurse } | Should -BeNullOrEmpty
            Get-Content to/site/a, to/site/b | Should -BeExactly 'other a', 'b'
        }
    }

    Context 'the user' {
        BeforeAll {
            $script:module = Copy-ModuleForAll
            $script:shell = Open-PlainShell
        }

        AfterAll {
            $shell.StandardInput.Close()
            $shell.WaitForExit(30000) | Should -BeTrue
        }

        BeforeEach {
            chmod -R a+rX $folder
            chmod 0777 $folder/to
        }

        It 'may not read some: each is an error, and the rest is copied' {
            Skip-WithoutRoot
            # Files of another user take root to make.
            chmod 0600 site/a
            chmod 0600 site/sub/c
            chmod 0700 site/sub/deep
            $output = Invoke-PlainShell $shell "
                Set-Location '$folder'
                Import-Module '$module'
                `$result = Copy-ItemZeroCopy site to -Recurse -ErrorVariable failed -ErrorAction SilentlyContinue
                [pscustomobject]@{
                    Failed = `$result.Failed; Files = `$result.FileCount
                    Ids = @(`$failed.FullyQualifiedErrorId | Sort-Object -Unique); Targets = @(`$failed.TargetObject | Sort-Object)
                    Category = @(`$failed.CategoryInfo.Category.ForEach('ToString') | Sort-Object -Unique); Messages = @(`$failed.ForEach('ToString'))
                } | ConvertTo-Json" | ConvertFrom-Json
            $output.Ids | Should -Be "PermissionDenied,$command"
            $output.Category | Should -Be 'PermissionDenied'
            $output.Targets | Should -Be "$folder/site/a", "$folder/site/sub/c", "$folder/site/sub/deep"
            $output.Messages | Should -BeLike '*EACCES*'
            $output.Failed | Should -Be 3
            $output.Files | Should -Be 1
            Get-Content to/site/b | Should -BeExactly 'b'
        }

        It 'may not look at some while they are counted for the progress bar, which takes a copy of over a second' {
            $output = Invoke-PlainUser "
                Set-Location '$folder/to'
                `$null = New-Item -ItemType Directory source/closed
                1..20 | ForEach-Object { Set-Content source/`$_ x }
                Set-Content source/closed/file x
                chmod 0444 source/closed
                `$ProgressPreference = 'SilentlyContinue'
                Import-Module '$module'
                Copy-ItemZeroCopy source copy -Recurse -PerFile -ErrorAction SilentlyContinue -ErrorVariable failed |
                    ForEach-Object { Start-Sleep -Milliseconds 100 }
                chmod 0755 source/closed copy/closed
                `$failed.TargetObject"
            $LASTEXITCODE | Should -Be 0
            $output | Should -Be "$folder/to/source/closed/file"
        }

        It 'may not write into a folder that is there' {
            Skip-WithoutRoot
            $null = New-Item -ItemType Directory to/site/sub
            chmod 0777 to/site
            chmod 0755 to/site/sub
            $output = Invoke-PlainShell $shell "
                Set-Location '$folder'
                Import-Module '$module'
                `$result = Copy-ItemZeroCopy site to -Recurse -ErrorVariable failed -ErrorAction SilentlyContinue
                `$failed.TargetObject | Sort-Object
                `$result.Failed"
            $output | Should -Be "$folder/to/site/sub/c", "$folder/to/site/sub/deep", '2'
            'to/site/a', 'to/site/b' | Should -Exist
        }

        It 'gets files that only their owner may write, folders too' {
            chmod -R a-w site
            $output = Invoke-PlainShell $shell "
                Set-Location '$folder'
                Import-Module '$module'
                Copy-ItemZeroCopy site to -Recurse | ForEach-Object FileCount
                stat --format %a to/site to/site/sub to/site/sub/deep/d
                chmod -R u+w to/site"
            $output | Should -Be '4', '555', '555', '444'
        }

        It 'has a limit on threads, and those that there are do it all' {
            Skip-WithoutRoot
            # A user that runs nothing else takes root.
            $script = "
                Set-Location '$folder'
                Import-Module '$module'
                `$null = Copy-ItemZeroCopy site to/first -Recurse
                `$few = @(Get-ChildItem /proc/self/task).Count + 20
                prlimit --pid `$PID --nproc=`$few
                `$result = Copy-ItemZeroCopy site to/second -Recurse -ThrottleLimit 500
                `$result.FileCount
                @((Get-Content /proc/self/task/*/comm) -like 'Splice*').Count"
            $output = Invoke-PlainUser $script -UserId (1000000 + $PID)
            $output | Should -Be '4', '0'
            Get-Tree to/second | Should -Be (Get-Tree site)
        }

        It 'has a limit on threads, and files of a pipeline are copied with those that there are' {
            Skip-WithoutRoot
            # A user that runs nothing else takes root.
            $script = "
                Set-Location '$folder'
                Import-Module '$module'
                `$null = [IO.Directory]::CreateDirectory('to/all')
                `$null = Get-ChildItem site -File | Copy-ItemZeroCopy -Destination to
                `$few = @(Get-ChildItem /proc/self/task).Count + 5
                prlimit --pid `$PID --nproc=`$few
                @(Get-ChildItem many | Copy-ItemZeroCopy -Destination to/all -ThrottleLimit 500).Count
                @(Get-ChildItem to/all).Count"
            $null = [IO.Directory]::CreateDirectory("$folder/many")
            1..400 | ForEach-Object { [IO.File]::WriteAllText("$folder/many/m$_", "$_") }
            chmod -R a+rwX $folder
            $output = Invoke-PlainUser $script -UserId (2000000 + $PID)
            $output | Should -Be '400', '400'
        }

        It 'loses the owners, and is told once' {
            Skip-WithoutRoot
            $output = Invoke-PlainShell $shell "
                Set-Location '$folder'
                Import-Module '$module'
                foreach (`$perFile in `$false, `$true) {
                    `$null = Copy-ItemZeroCopy site to/`$perFile -Recurse -PerFile:`$perFile -Preserve Ownership -WarningVariable warnings -WarningAction SilentlyContinue
                    `$warnings.Message
                }"
            $output.Count | Should -Be 2 -Because 'one warning a command is enough'
            foreach ($i in 0, 1) {
                # Files and folders alike: 4 and 3.
                $output[$i] | Should -BeLike "Could not preserve the owner for 7 items; the first is '$folder/to/*EPERM*"
            }
        }
    }
}
